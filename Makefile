# Builds, runs, compares and tests the stages: `make help` lists what there is.
#
# It needs GNU make and a POSIX sh. On Windows (MSYS2 UCRT64, w64devkit) gcc compiles and the
# programs run as they are. Elsewhere MinGW-w64 compiles and Wine runs them, in a prefix of its own
# under build/. Everything that is made is under build/.
#
# A new program needs nothing here: a folder 0N-name with a Server.c is a stage, a patch in its
# steps/ a step, a folder of C files under common/tools, common/tests or common/maintain a program,
# a script common/tests/*.sh a test. A comment `#: command | what it does` is a line of `make help`.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifneq ($(shell echo "sh"),sh)
$(error These commands need a POSIX shell: run make in the MSYS2 UCRT64 or the w64devkit terminal)
endif

# --- The system ----------------------------------------------------------------------------------

# Only a CC of the command line counts: one in the environment is for programs of that system.
ifeq ($(OS),Windows_NT)
CC = gcc
else
CC = x86_64-w64-mingw32-gcc
# mutants hands its own on to the copies that it makes.
WINE_FOLDER ?= $(CURDIR)/build/wine
export WINE_FOLDER
wine = sh common/tools/wine.sh $(1)
endif
# What stands before a program, and what ends whatever programs leave in the background.
RUN  = $(call wine,run)
STOP = $(or $(call wine,stop),:)
export CC RUN

# make WATCHED=1 builds programs that watch their own calls, from the same sources, into a folder of
# their own. INSTRUMENT in the environment tells such a program what to do.
OUT             := build$(if $(WATCHED),/instrument)
WATCH           := $(if $(WATCHED),-include common/instrument/Instrument.h)
WATCHED_SERVERS  = $(STAGES:%=build/instrument/%/server.exe)

CFLAGS   = -O2 -g
# What every compilation gets, whatever CFLAGS says.
STANDARD = -std=c11 -Werror -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wconversion \
    -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wformat=2 -Wcast-align=strict \
    -Wwrite-strings -Wpointer-arith -Wredundant-decls -Wimplicit-fallthrough -Wnull-dereference \
    -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init

# make V=1 shows the commands themselves.
Q   = $(if $(V),,@)
say = @$(if $(V),:,echo)

# --- What is built -------------------------------------------------------------------------------

STAGES  := $(sort $(patsubst %/Server.c,%,$(wildcard 0[1-9]-*/Server.c)))
NUMBERS := $(foreach stage,$(STAGES),$(firstword $(subst -, ,$(stage))))
SERVERS := $(STAGES:%=$(OUT)/%/server.exe)

# $(call stage,05): its folder. $(call stage,06.1): where it is in build/.
stage    = $(filter $(1)-%,$(STAGES))$(addprefix steps/,$(filter $(1),$(STEPS)))
library  = $(filter-out $(1)/Server.c,$(wildcard $(1)/*.c))
objects  = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

# A stage's examples: a file with a main is a program, made with the files without one, and with all
# of the stage but its Server.c. ChatServer.c becomes build/07-service-session/ChatServer.exe.
example_files    = $(wildcard $(1)/examples/*.c)
example_mains    = $(if $(call example_files,$(1)),$(shell grep -l '^int main' $(1)/examples/*.c))
example_parts    = $(filter-out $(call example_mains,$(1)),$(call example_files,$(1)))
example_programs = $(patsubst $(1)/examples/%.c,$(OUT)/$(1)/%.exe,$(call example_mains,$(1)))
EXAMPLES := $(foreach stage,$(STAGES),$(call example_programs,$(stage)))

# The programs of common/tools, say: common/tools/load becomes build/tools/load.exe. lib/ is shared.
folders  = $(filter-out %/lib $(if $(WATCHED),,%/wrong),\
    $(patsubst %/,%,$(sort $(dir $(wildcard common/$(1)/*/*.c)))))
programs = $(patsubst common/%,$(OUT)/%.exe,$(call folders,$(1)))
TOOLS   := $(call programs,tools)

COMMON  := $(call objects,$(wildcard common/*.c $(if $(WATCH),common/instrument/*.c)))
# The linker takes from each what those before it need.
LIBS    := $(OUT)/tests/lib.a $(OUT)/tools/lib.a

include common/tools/steps.mk

# All that is special about stage 07: it is a library, which programs of your own link. library.exe
# and storm.exe test it, and chat.exe tests its examples, once more under verify.
SEVEN      := $(call stage,07)
LIBRARY    := $(OUT)/$(SEVEN)/libservercore.a
chat_words  = $(OUT)/$(SEVEN)
CHAT_AGAIN  = $(OUT)/tests/chat.exe --verify build/instrument/$(SEVEN)
07 $(SEVEN) $(OUT)/tests/library.exe $(OUT)/tests/storm.exe: $(LIBRARY)
$(LIBRARY): $(SEVEN)/. common/. $(call objects,$(call library,$(SEVEN))) $(COMMON)
$(OUT)/obj/common/tests/library/%.o $(OUT)/obj/common/tests/storm/%.o: INCLUDES += -I$(SEVEN)

#: make | builds every stage and every tool into build/
#: make WATCHED=1 | the same, with common/instrument, into build/instrument/
all: $(SERVERS) $(EXAMPLES) $(LIBRARY) $(TOOLS)
	@sh common/tools/compile-commands.sh >build/compile_commands.json
	@echo "Built $(NUMBERS) and the tools, in $(OUT)/. Next: make run-01, or make help."

#: make 05 | builds one stage (or make 05-iocp-basic), or make 06.1 a step on the way to one
define stage_rules
$(firstword $(subst -, ,$(1))) $(1): $(OUT)/$(1)/server.exe $(call example_programs,$(1))
$(OUT)/$(1)/server.exe: $(1)/. common/. $(call objects,$(wildcard $(1)/*.c)) $(COMMON)
$(call example_programs,$(1)): $(OUT)/$(1)/%.exe: $(OUT)/obj/$(1)/examples/%.o \
    $(call objects,$(call example_parts,$(1)) $(call library,$(1))) $(COMMON)
$(OUT)/obj/$(1)/%.o: INCLUDES += -I$(1)
endef
$(foreach stage,$(STAGES),$(eval $(call stage_rules,$(stage))))

define program_rule
$(1:common/%=$(OUT)/%.exe): $(1)/. $(call objects,$(wildcard $(1)/*.c)) $(COMMON) \
    $(if $(filter common/tests/%,$(1)),$(LIBS),$(lastword $(LIBS)))
endef
$(foreach kind,tools tests maintain,$(foreach folder,$(call folders,$(kind)),$(eval \
    $(call program_rule,$(folder)))))
$(foreach lib,tests/lib tools/lib,$(eval \
    $(OUT)/$(lib).a: common/$(lib)/. $(call objects,$(wildcard common/$(lib)/*.c))))

# The headers of common are for all, those of the libraries and of common/instrument for programs.
INCLUDES := -Icommon
$(OUT)/obj/common/tests/%.o $(OUT)/obj/common/tools/%.o $(OUT)/obj/common/maintain/%.o: \
    INCLUDES += -Icommon/tests/lib -Icommon/tools/lib -Icommon/instrument
# Not watched: what has handles from calls that are not, whose numbers were those of others before.
$(OUT)/obj/common/instrument/%.o $(OUT)/obj/common/tools/lib/%.o: WATCH =

$(OUT)/obj/%.o: %.c $(OUT)/flags.txt | compiler
	$(say) "  compile $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(STANDARD) $(CFLAGS) $(INCLUDES) $(WATCH) -MMD -MP -c -o $@ $<

%.exe: $(OUT)/flags.txt | compiler
	$(say) "  link    $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lws2_32

%.a: | compiler
	$(say) "  archive $@"
	@mkdir -p $(@D) && rm -f $@
	$(Q)$(patsubst %gcc,%ar,$(CC)) rcs $@ $(filter %.o,$^)

# Other flags, other objects: flags.txt changes when they do.
FLAGS := $(CC) $(STANDARD) $(CFLAGS) $(WATCH)
$(OUT)/flags.txt: FORCE
	@mkdir -p $(OUT)
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@

compiler:
	@sh common/tools/setup.sh --check build

-include $(wildcard $(foreach depth,*/* */*/* */*/*/*,$(OUT)/obj/$(depth).d))

# --- Running -------------------------------------------------------------------------------------

#: make run-05 | runs a stage in the foreground; Ctrl+C stops it; options in ARGS="--port 9000"
#: make run-07 PROGRAM=Minimal | runs an example of a stage
PROGRAM = server
# The shell stays for the server's last words: without the trap Ctrl+C would end it first.
$(ALL:%=run-%): run-%: % | system
	@trap : INT; $(call wine,$(if $(filter server,$(PROGRAM)),show,talk)) \
	    $(OUT)/$(call stage,$*)/$(PROGRAM).exe $(ARGS)

#: make client | an interactive client; one shot with ARGS="--message hello --count 3"
client: $(OUT)/tools/client.exe | system
	@$(call wine,talk) $< $(ARGS)

#: make load ARGS="--clients 60" | talks to a stage that runs, with many clients, and measures
load: $(OUT)/tools/load.exe | system
	@$(RUN) $< $(ARGS)

system:
	@sh common/tools/setup.sh --check run

# --- Comparing -----------------------------------------------------------------------------------

#: make diff-05 | what stage 05 changed from the stage before it; diff-06.2: what a step changed
$(ALL:%=diff-%): diff-%:
	@sh common/tools/diff.sh "" $*

#: make diff FROM=03 TO=05 | what differs between any two stages or steps
diff:
	@sh common/tools/diff.sh "$(FROM)" "$(TO)"

#: make diff-html | pages with each stage and step side by side: build/diff/index.html
diff-html:
	@sh common/tools/diff-html.sh

# --- Showing -------------------------------------------------------------------------------------

# What make itself was started without is installed first; then a make of its own builds. What is
# watched is built from the same sources once more.
SET_UP = sh common/tools/setup.sh build run && \
         $(MAKE) --no-print-directory --silent $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2)
build_watched = $(SET_UP) WATCHED=1
watched = build/instrument/$(call stage,$*)/server.exe
trace   = build/trace/$(call stage,$*)

#: make calls-05 | counts the calls of a stage for one echo; ARGS="--clients 10"
$(ALL:%=calls-%): calls-%:
	+@$(SET_UP) $(OUT)/tools/calls.exe
	+@$(build_watched) $(watched)
	@$(RUN) $(OUT)/tools/calls.exe $(ARGS) $(watched)

#: make trace-05 | draws what each thread of a stage does, in build/trace/
$(ALL:%=trace-%): trace-%:
	+@$(SET_UP) $(OUT)/tools/record.exe $(OUT)/tools/timeline.exe
	+@$(build_watched) $(watched)
	@mkdir -p $(dir $(trace))
	@$(RUN) $(OUT)/tools/record.exe $(watched) $(trace).json
	@awk -f common/tools/trace-order.awk $(trace).json >$(trace).timeline.json
	@$(RUN) $(OUT)/tools/timeline.exe $(trace).timeline.json $(trace).svg "$(call stage,$*)"
	@echo "$(trace).json is for edge://tracing or Perfetto," \
	    "$(call stage,$*).svg beside it for any browser."

#: make verify SERVER=my/server.c | tests a server of your own by the contract and the rules
#: make verify SERVER=my STAGE=06 | the same for a folder, by the contract of stage 06
#: make verify SERVER=06.1 | the same for a step
verify:
	+@$(SET_UP) $(OUT)/tests/contract.exe
	+@$(build_watched) common-objects $(addsuffix /Server.c,$(call step,$(SERVER)))
	@CFLAGS="$(CFLAGS)" sh common/tools/verify.sh "$(or $(call step,$(SERVER)),$(SERVER))" "$(STAGE)"
common-objects: $(COMMON)

#: make setup | installs what building and running need, if it is missing (Debian, Ubuntu)
setup:
	@sh common/tools/setup.sh build run
	@echo "Everything that is needed is installed."

#: make demo | shows each stage at work, and its limit
demo:
	+@$(SET_UP) $(SERVERS) $(OUT)/tools/demo.exe
	@trap : INT; $(call wine,show) $(OUT)/tools/demo.exe $(SERVERS); code=$$?; $(STOP); exit $$code

#: make clean | removes build/
clean:
	@$(STOP) 2>/dev/null || :
	rm -rf build

#: make help | prints this
help:
	@awk -F ' [|] ' '/^#:/ { sub(/^#: ?/, ""); printf(NF > 1 ? "%-31s %s\n" : "%s\n", $$1, $$2) }' \
	    $(filter Makefile %.mk,$(MAKEFILE_LIST))
	@printf '\n%s\n%s\n' "Stages: $(STAGES)" \
	    'CFLAGS="-O0 -g" compiles otherwise, CC=... with another compiler, V=1 shows the commands.'

include common/tests/tests.mk common/maintain/maintain.mk

# No file has one of these names.
.PHONY: all clean client common-objects compiler demo diff diff-html FORCE help load setup system \
    verify $(STAGES) $(ALL) $(foreach word,run calls trace diff,$(ALL:%=$(word)-%))
