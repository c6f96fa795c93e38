# Builds, runs, compares and tests the stages: `make help` lists what there is.
#
# It needs GNU make and a POSIX sh. On Windows (MSYS2 UCRT64, w64devkit) gcc compiles and the programs
# run as they are. Elsewhere MinGW-w64 compiles and Wine runs them, in a prefix of its own under
# build/. Everything that is made is under build/.
#
# A new stage needs nothing here: every folder 0N-name with a Server.c is one. A comment
# `#: command | what it does` is a line of `make help`.

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
CC   = gcc
RUN  =
SHOW =
TALK =
ASK  =
# What ends whatever the programs leave in the background.
STOP = :
else
CC   = x86_64-w64-mingw32-gcc
RUN  = sh common/tools/wine.sh run
SHOW = sh common/tools/wine.sh show
TALK = sh common/tools/wine.sh talk
ASK  = sh common/tools/wine.sh ask
STOP = sh common/tools/wine.sh stop
# mutants hands its own on to the copies that it makes.
WINE_FOLDER ?= $(CURDIR)/build/wine
export WINE_FOLDER
endif
export CC RUN

OUT      := build
AR       = $(patsubst %gcc,%ar,$(CC))
CFLAGS   = -O2 -g
# What every compilation gets, whatever CFLAGS says.
STANDARD = -std=c11 -Werror -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wconversion \
           -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wformat=2 \
           -Wcast-align=strict -Wwrite-strings -Wpointer-arith -Wredundant-decls -Wimplicit-fallthrough \
           -Wnull-dereference -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init
LDLIBS   = -lws2_32

# make INSTRUMENT=1 builds programs that watch their own calls, from the same sources, into a folder
# of their own. Only the INSTRUMENT of the command line counts: in the environment it tells such a
# program what to do, and from here none shall hear of it.
# COVERAGE=1 with it counts which lines are reached, for make coverage.
ifeq ($(origin INSTRUMENT),command line)
OUT              := build/$(if $(COVERAGE),coverage,instrument)
INSTRUMENT_FLAGS := -include common/instrument/Instrument.h
INSTRUMENT_FILES := $(wildcard common/instrument/*.c)
unexport INSTRUMENT
endif

# make V=1 shows the commands themselves.
ifdef V
Q   =
say = @:
else
Q   = @
say = @echo
endif

# --- What is built -------------------------------------------------------------------------------

STAGES  := $(sort $(patsubst %/Server.c,%,$(wildcard 0[1-7]-*/Server.c)))
NUMBERS := $(foreach stage,$(STAGES),$(firstword $(subst -, ,$(stage))))
SERVERS := $(STAGES:%=$(OUT)/%/server.exe)
TOOLS   := $(OUT)/tools/client.exe $(OUT)/tools/demo.exe $(OUT)/tools/load.exe
TESTS   := $(addprefix $(OUT)/tests/,unit.exe claims.exe calls.exe load.exe contract.exe terminal.exe) \
           $(OUT)/tools/record.exe $(OUT)/tools/timeline.exe
WATCHED := $(STAGES:%=build/instrument/%/server.exe)

# $(call stage,05): its folder; nothing if there is none. previous: the number of the stage before.
stage    = $(filter $(1)-%,$(STAGES))
upto     = $(foreach number,$(NUMBERS),$(if $(filter $(number),$(firstword $(sort $(number) $(1)))),$(number)))
previous = $(lastword $(filter-out $(1),$(call upto,$(1))))
objects  = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

# A stage's examples: a file with a main is a program, made with the files without one, and with all of
# the stage but its Server.c. ChatServer.c becomes build/07-service-session/ChatServer.exe.
example_mains    = $(if $(wildcard $(1)/examples/*.c),$(shell grep -l '^int main' $(1)/examples/*.c))
example_programs = $(patsubst $(1)/examples/%.c,$(OUT)/$(1)/%.exe,$(call example_mains,$(1)))
example_parts    = $(filter-out $(call example_mains,$(1)),$(wildcard $(1)/examples/*.c)) $(call library,$(1))
library          = $(filter-out $(1)/Server.c,$(wildcard $(1)/*.c))
EXAMPLES := $(foreach stage,$(STAGES),$(call example_programs,$(stage)))

# Stage 07 is a library: programs of your own link it, and it has tests of its own, its examples too.
ifneq ($(call stage,07),)
LIBRARY := $(OUT)/$(call stage,07)/libservercore.a
07 $(call stage,07): $(LIBRARY)
ifneq ($(wildcard common/tests/Library.c),)
LIBRARY_TEST := $(OUT)/tests/library.exe
endif
ifneq ($(wildcard common/tests/ChatTest.c),)
CHAT_TEST := $(OUT)/tests/chat.exe
endif
endif

COMMON_OBJECTS := $(call objects,$(wildcard common/*.c) $(INSTRUMENT_FILES))
SERVER_FILES   := $(addprefix common/tools/,ServerProcess.c ServerConsole.c ChildProcess.c)
SERVER_PROCESS := $(call objects,$(SERVER_FILES))
CONVERSATION   := $(call objects,common/tools/Conversation.c common/tools/Clock.c)
TEST_INCLUDES  := -Icommon/tests -Icommon/tools -Icommon/instrument
HARNESS_FILES  := $(addprefix common/tests/,Peer.c Test.c TestMain.c TestProgram.c TestSocketUtils.c) $(SERVER_FILES)
TEST_HARNESS   := $(call objects,$(HARNESS_FILES))
INCLUDES       := -Icommon

#: make | builds every stage and every tool into build/
.PHONY: all
all: $(SERVERS) $(EXAMPLES) $(LIBRARY) $(TOOLS) build/compile_commands.json
	@echo "Built $(NUMBERS) and the tools, in $(OUT)/. Next: make run-01, or make help."

# For editors that use clangd.
build/compile_commands.json: FORCE
	@mkdir -p build
	@sh common/tools/compile-commands.sh >$@

#: make INSTRUMENT=1 | the same, with common/instrument, into build/instrument/
#: make 05 | builds one stage (or make 05-iocp-basic)
.PHONY: $(NUMBERS) $(STAGES)
$(foreach stage,$(STAGES),$(eval $(firstword $(subst -, ,$(stage))) $(stage): \
    $(OUT)/$(stage)/server.exe $(call example_programs,$(stage))))

$(foreach stage,$(STAGES),$(eval \
    $(OUT)/$(stage)/server.exe: $(stage)/. common/. $(call objects,$(wildcard $(stage)/*.c)) $(COMMON_OBJECTS)))
$(foreach stage,$(STAGES),$(foreach main,$(call example_mains,$(stage)),$(eval \
    $(OUT)/$(stage)/$(basename $(notdir $(main))).exe: \
        $(call objects,$(main) $(call example_parts,$(stage))) $(COMMON_OBJECTS))))
$(OUT)/tools/client.exe: $(call objects,common/tools/Client.c) $(COMMON_OBJECTS)
$(OUT)/tools/demo.exe: $(call objects,common/tools/Demo.c) $(SERVER_PROCESS) $(COMMON_OBJECTS)
$(OUT)/tools/calls.exe: $(call objects,common/tools/Calls.c) $(CONVERSATION) $(SERVER_PROCESS) $(COMMON_OBJECTS)
$(OUT)/tools/load.exe: $(call objects,$(wildcard common/tools/Load*.c) common/tools/Clock.c) $(SERVER_PROCESS) $(COMMON_OBJECTS)
$(OUT)/tools/record.exe: $(call objects,common/tools/Record.c) $(CONVERSATION) $(SERVER_PROCESS) $(COMMON_OBJECTS)
$(OUT)/tools/timeline.exe: $(call objects,$(wildcard common/tools/Timeline*.c)) $(COMMON_OBJECTS)
$(OUT)/tests/faults.exe: $(call objects,$(wildcard common/tests/Faults*.c)) $(CONVERSATION) $(TEST_HARNESS) $(COMMON_OBJECTS)
$(OUT)/tests/calls.exe: $(call objects,common/tests/CallsTest.c common/tests/ToolTest.c) $(CONVERSATION) $(TEST_HARNESS) $(COMMON_OBJECTS)
$(OUT)/tests/load.exe: $(call objects,$(wildcard common/tests/LoadTest*.c) common/tests/ToolTest.c common/tools/LoadHistogram.c) $(TEST_HARNESS) $(COMMON_OBJECTS)
$(OUT)/tests/claims.exe: $(call objects,$(wildcard common/tests/Claims*.c)) $(TEST_HARNESS) $(COMMON_OBJECTS)
$(OUT)/tests/terminal.exe: $(call objects,common/tests/NotesTerminal.c) $(SERVER_PROCESS) $(COMMON_OBJECTS)
$(OUT)/tests/unit.exe: $(call objects,$(wildcard common/tests/UnitTests*.c)) $(TEST_HARNESS) $(COMMON_OBJECTS)
$(OUT)/tests/contract.exe: $(call objects,$(wildcard common/tests/Contract*.c)) $(TEST_HARNESS) $(COMMON_OBJECTS)
LIBRARY_OBJECTS := $(call objects,$(wildcard common/tests/Library*.c)) $(TEST_HARNESS) $(COMMON_OBJECTS)
$(OUT)/tests/library.exe: $(call objects,$(call library,$(call stage,07))) $(LIBRARY_OBJECTS)
$(OUT)/tests/chat.exe: $(call objects,$(wildcard common/tests/ChatTest*.c)) $(TEST_HARNESS) $(COMMON_OBJECTS)
$(OUT)/%/libservercore.a: $(call objects,$(call library,$(call stage,07))) $(COMMON_OBJECTS) | compiler
	$(say) "  archive $@"
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# Programs that are wrong on purpose, each in one way, and some that are right.
WRONG := $(patsubst common/tests/wrong/%.c,$(OUT)/wrong/%.exe,$(wildcard common/tests/wrong/*.c))
$(WRONG): $(OUT)/wrong/%.exe: $(OUT)/obj/common/tests/wrong/%.o \
    $(call objects,$(addprefix common/tests/,Peer.c Test.c TestSocketUtils.c)) $(COMMON_OBJECTS)

.PHONY: programs wrong-programs common-objects
common-objects: $(COMMON_OBJECTS)
	@:
programs: $(SERVERS) $(EXAMPLES)
	@:
wrong-programs: $(WRONG)
	@:

# The headers of a stage are its own; those of common are for all; tests and tools use each other's.
$(foreach stage,$(STAGES),$(eval $(OUT)/obj/$(stage)/%.o: INCLUDES += -I$(stage)))
$(OUT)/obj/common/tests/%.o $(OUT)/obj/common/tools/%.o: INCLUDES += $(TEST_INCLUDES)
# ServerProcess has handles from calls that are not watched; their numbers were those of others before.
$(OUT)/obj/common/instrument/%.o $(SERVER_PROCESS): INSTRUMENT_FLAGS =
$(OUT)/obj/common/tests/Librar%.o: INCLUDES += $(addprefix -I,$(call stage,07))

$(OUT)/obj/%.o: %.c $(OUT)/flags.txt | compiler
	$(say) "  compile $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(STANDARD) $(CFLAGS) $(INCLUDES) $(INSTRUMENT_FLAGS) -MMD -MP -c -o $@ $<

%.exe: $(OUT)/flags.txt | compiler
	$(say) "  link    $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS)

# Other flags, other objects: this file changes when they do.
FLAGS := $(CC) $(STANDARD) $(CFLAGS) $(INSTRUMENT_FLAGS) $(LDLIBS)
$(OUT)/flags.txt: FORCE
	@mkdir -p $(OUT)
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@

.PHONY: FORCE compiler
FORCE:
compiler:
	@sh common/tools/setup.sh --check build

-include $(wildcard $(OUT)/obj/*/*.d $(OUT)/obj/*/*/*.d $(OUT)/obj/*/*/*/*.d)

# --- Running -------------------------------------------------------------------------------------

#: make run-05 | runs a stage in the foreground; Ctrl+C stops it; options in ARGS="--port 9000"
#: make run-07 PROGRAM=Minimal | runs an example of a stage
PROGRAM = server
RUN_TARGETS := $(NUMBERS:%=run-%)
.PHONY: $(RUN_TARGETS)
# The shell stays for the server's last words: without the trap Ctrl+C would end it first.
$(RUN_TARGETS): run-%: % | wine
	@trap : INT; $(if $(filter server,$(PROGRAM)),$(SHOW),$(ASK)) $(OUT)/$(call stage,$*)/$(PROGRAM).exe $(ARGS)

#: make client | an interactive client; one shot with ARGS="--message hello --count 3"
.PHONY: client
client: $(OUT)/tools/client.exe | wine
	@$(TALK) $(OUT)/tools/client.exe $(ARGS)

.PHONY: wine
wine:
ifneq ($(RUN),)
	@sh common/tools/setup.sh --check run
endif

# --- Comparing -----------------------------------------------------------------------------------

#: make diff-05 | what stage 05 changed from the stage before it
DIFF_TARGETS := $(addprefix diff-,$(wordlist 2,9,$(NUMBERS)))
.PHONY: $(DIFF_TARGETS)
$(DIFF_TARGETS): diff-%:
	@$(call show_diff,$(call previous,$*),$*)

#: make diff FROM=03 TO=05 | what differs between any two stages
.PHONY: diff
diff:
	@$(call show_diff,$(FROM),$(TO))

#: make diffs | writes the DIFF.md of each stage: what it changed from the one before it
.PHONY: diffs
diffs:
	@sh common/tools/diffs.sh write

#: make diff-html | pages with each step side by side: build/diff/index.html
.PHONY: diff-html
diff-html:
	@sh common/tools/diff-html.sh

show_diff = sh common/tools/diff.sh "$(call stage,$(1))" "$(call stage,$(2))"

# --- Watching ------------------------------------------------------------------------------------

# Programs that run something need it; those that are run are built from the same sources once more.
build_watched = $(SET_UP) INSTRUMENT=1
CALLS_TARGETS := $(NUMBERS:%=calls-%)
TRACE_TARGETS := $(NUMBERS:%=trace-%)

#: make calls-05 | counts the calls of a stage for one echo; ARGS="--clients 10"
.PHONY: $(CALLS_TARGETS)
$(CALLS_TARGETS): calls-%:
	+@$(SET_UP) $(OUT)/tools/calls.exe
	+@$(build_watched) build/instrument/$(call stage,$*)/server.exe
	@$(RUN) $(OUT)/tools/calls.exe $(ARGS) build/instrument/$(call stage,$*)/server.exe

#: make trace-05 | draws what each thread of a stage does, in build/trace/
.PHONY: $(TRACE_TARGETS)
$(TRACE_TARGETS): trace-%:
	+@$(SET_UP) $(OUT)/tools/record.exe $(OUT)/tools/timeline.exe
	+@$(build_watched) build/instrument/$(call stage,$*)/server.exe
	@mkdir -p build/trace
	@$(RUN) $(OUT)/tools/record.exe build/instrument/$(call stage,$*)/server.exe build/trace/$(call stage,$*).json
	@awk -f common/tools/trace-order.awk build/trace/$(call stage,$*).json \
	    >build/trace/$(call stage,$*).timeline.json
	@$(RUN) $(OUT)/tools/timeline.exe build/trace/$(call stage,$*).timeline.json build/trace/$(call stage,$*).svg "$(call stage,$*)"
	@echo "build/trace/$(call stage,$*).json is for edge://tracing or Perfetto, $(call stage,$*).svg beside it for any browser."

#: make record-05 | keeps what make trace-05 draws as timeline.json and timeline.svg of the stage
RECORD_TARGETS := $(NUMBERS:%=record-%)
.PHONY: $(RECORD_TARGETS)
$(RECORD_TARGETS): record-%: trace-%
	@cp build/trace/$(call stage,$*).timeline.json $(call stage,$*)/timeline.json
	@cp build/trace/$(call stage,$*).svg $(call stage,$*)/timeline.svg

#: make timelines | draws the timeline.svg of each stage from its timeline.json
.PHONY: timelines
timelines:
	+@$(SET_UP) $(OUT)/tools/timeline.exe
	@for stage in $(STAGES); do \
	    $(RUN) $(OUT)/tools/timeline.exe $$stage/timeline.json $$stage/timeline.svg $$stage || exit 1; done

#: make verify SERVER=my/server.c | tests a server of your own, and checks the rules of overlapped I/O
#: make verify SERVER=my STAGE=06 | the same for a folder, by the contract of stage 06
.PHONY: verify
verify:
	+@$(SET_UP) $(OUT)/tests/contract.exe
	+@$(build_watched) common-objects
	@CFLAGS="$(CFLAGS)" sh common/tools/verify.sh "$(SERVER)" "$(STAGE)"

# --- Measuring -----------------------------------------------------------------------------------

#: make load ARGS="--clients 60" | talks to a stage that runs, with many clients, and measures
.PHONY: load
load: $(OUT)/tools/load.exe | wine
	@$(RUN) $(OUT)/tools/load.exe $(ARGS)

#: make bench | measures all stages, into build/bench/ (half an hour; QUICK=1: some minutes)
.PHONY: bench
bench:
	+@sh common/tools/setup.sh build run bench && $(SET_UP) $(SERVERS) $(OUT)/tools/load.exe $(OUT)/tools/calls.exe
	+@$(build_watched) $(WATCHED)
	@QUICK="$(QUICK)" ROUNDS="$(ROUNDS)" sh common/tools/bench.sh $(STAGES)

#: make bench-keep | has common/BENCHMARK.md show what make bench has measured
.PHONY: bench-keep
bench-keep:
	@sh common/tools/bench-keep.sh keep

# --- Checking ------------------------------------------------------------------------------------

#: make setup | installs what building and running need, if it is missing (Debian, Ubuntu)
.PHONY: setup
setup:
	@sh common/tools/setup.sh build run
	@echo "Everything that is needed is installed."

# What make itself was started without is installed first; then a make of its own builds.
SET_UP = sh common/tools/setup.sh build run && \
         $(MAKE) --no-print-directory --silent $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2)
RUN_TESTS = sh common/tools/test.sh
# What the test programs are told: chat.exe the folder of the programs that it runs, calls.exe and
# load.exe the tool that they test and the servers.
chat_words  = $(OUT)/$(call stage,07)
calls_words = $(OUT)/tools/calls.exe $(WATCHED)
load_words  = $(OUT)/tools/load.exe $(SERVERS)
test_words  = $(strip $(OUT)/tests/$(1).exe $($(1)_words))
UNIT_TESTS := unit claims load $(LIBRARY_TEST:$(OUT)/tests/%.exe=%) $(CHAT_TEST:$(OUT)/tests/%.exe=%)
# Minimal.exe and the commands of the lectures need port 7777: these run in turn.
TEST_ALL  = --about "5 minutes" $(if $(CHAT_TEST),--program "$(call test_words,chat)" \
            --program "$(OUT)/tests/chat.exe --verify build/instrument/$(call stage,07)") \
            --script common/tests/notes.sh --in-turn \
            $(foreach test,$(filter-out chat,$(UNIT_TESTS)) calls,--program "$(call test_words,$(test))") \
            $(foreach script,imports.sh wrong/run.sh modes.sh diffs.sh bench.sh notes-broken.sh,--script "common/tests/$(script)") \
            --contract $(OUT)/tests/contract.exe $(SERVERS) --verify $(WATCHED)

# What the two begin with. They say nothing when all is built.
.PHONY: demo-programs test-programs
demo-programs: $(SERVERS) $(OUT)/tools/demo.exe
	@:
test-programs: $(SERVERS) $(EXAMPLES) $(TESTS) $(LIBRARY_TEST) $(CHAT_TEST) $(OUT)/tools/calls.exe $(OUT)/tools/load.exe
	@:

#: make demo | shows each stage at work, and its limit
.PHONY: demo
demo:
	+@$(SET_UP) demo-programs
	@trap : INT; $(SHOW) $(OUT)/tools/demo.exe $(SERVERS); code=$$?; $(STOP); exit $$code

#: make test | runs all tests, the contract under verify, too; the last line is their sum. TEST_JOBS=1: one program at a time
.PHONY: test
test:
	+@$(SET_UP) test-programs
	+@$(build_watched) programs wrong-programs
	@$(RUN_TESTS) $(TEST_ALL)

#: make test-05 | runs the tests of one stage; FILTER=reset only those with that in their name
.PHONY: $(NUMBERS:%=test-%)
$(NUMBERS:%=test-%): test-%:
	+@$(SET_UP) $(OUT)/$(call stage,$*)/server.exe $(OUT)/tests/contract.exe
	@$(RUN_TESTS) --about "40 s" --filter "$(FILTER)" --contract $(OUT)/tests/contract.exe $(OUT)/$(call stage,$*)/server.exe

#: make test-unit | runs the tests of common (test-load: of load.exe; test-library, test-chat: of stage 07)
#: make test-claims | checks on this system what the lectures say of it (FILTER="worker:" some of it)
.PHONY: $(UNIT_TESTS:%=test-%)
# What they start as a child is a server: all are built.
$(UNIT_TESTS:%=test-%): test-%:
	+@$(SET_UP) test-programs
	@$(RUN_TESTS) --filter "$(FILTER)" --program "$(call test_words,$*)"

#: make test-10000 | 10,000 clients of stage 07 at once
.PHONY: test-10000
test-10000:
	+@$(SET_UP) $(OUT)/$(call stage,07)/server.exe $(OUT)/tests/library.exe
	@sh common/tests/many.sh

#: make test-fresh | make demo and make test on a fresh Debian 13, as root; SUITE=bookworm: on Debian 12
SUITE = trixie
.PHONY: test-fresh
test-fresh:
	@sh common/tools/fresh.sh "$(SUITE)"

#: make check-notes | checks that the lectures say what is; NOTES="--only links 05-iocp-basic/README.md"
.PHONY: check-notes
check-notes:
	+@$(SET_UP) all test-programs
	+@$(build_watched) programs
	@trap : INT; MAKE="$(MAKE)" sh common/tests/notes.sh $(NOTES); code=$$?; $(STOP); exit $$code

#: make render-notes | draws the pages of the lectures in build/notes/; NOTES=05-iocp-basic/README.md
.PHONY: render-notes
render-notes:
	@sh common/tools/setup.sh render && sh common/tools/render-notes.sh $(NOTES)
	@$(if $(NOTES),,sh common/tests/render.sh)

#: make faults | makes each call of each stage fail once
.PHONY: faults
faults:
	+@$(SET_UP) $(OUT)/tests/faults.exe
	+@$(build_watched) programs
	@BUILD=build/instrument sh common/tests/faults.sh

#: make coverage | which lines of the stages and of common the tests and the faults reach
.PHONY: coverage
coverage:
	+@$(SET_UP) test-programs $(OUT)/tests/faults.exe
	+@$(build_watched) COVERAGE=1 CFLAGS="-O0 -g --coverage" programs $(LIBRARY_TEST:$(OUT)/%=build/coverage/%) \
	    build/coverage/tests/unit.exe
	@sh common/tests/coverage.sh

#: make lint | other compilers and analysers look at the sources (Debian, Ubuntu)
.PHONY: lint
lint:
	+@sh common/tools/setup.sh build run lint && $(MAKE) --no-print-directory $(LIBRARY)
	@sh common/tools/lint.sh

#: make mutants | breaks copies of the stages on purpose, and requires the tests to notice
.PHONY: mutants
mutants:
	+@$(SET_UP) test-programs
	@OBJECTS="$(COMMON_OBJECTS)" LIBRARY_OBJECTS="$(LIBRARY_OBJECTS)" \
	    $(RUN_TESTS) --about "5 minutes" --script common/tests/mutants/run.sh

# --- The rest ------------------------------------------------------------------------------------

#: make clean | removes build/
.PHONY: clean
clean:
	@$(STOP) 2>/dev/null || :
	rm -rf build

#: make help | prints this
.PHONY: help
help:
	@sed -n 's/^#: \([^|]*\) | /\1|/p' Makefile | while IFS='|' read -r command text; do \
	    printf '%-27s %s\n' "$$command" "$$text"; done
	@echo
	@echo "Stages: $(STAGES)"
	@echo "CFLAGS=\"-O0 -g\" compiles otherwise, CC=... with another compiler, V=1 shows the commands."
