# How the tests are run; the Makefile includes it.

#:
test-programs: $(SERVERS) $(EXAMPLES) $(TOOLS) $(call programs,tests) $(call programs,maintain)
programs: $(SERVERS) $(EXAMPLES)

# Programs that are wrong on purpose, each in one way, and some that are right: only watched.
wrong-programs: $(OUT)/tests/wrong.exe

# Not contract.exe, which runs once a server, nor those of make faults, make storm and wrong.sh.
# Some are told what they test.
PROGRAMS   := $(filter-out contract faults storm wrong,$(notdir $(call folders,tests)))
SCRIPTS    := $(basename $(notdir $(sort $(wildcard common/tests/*.sh))))
calls_words = $(OUT)/tools/calls.exe $(WATCHED_SERVERS)
load_words  = $(OUT)/tools/load.exe $(SERVERS)
suite       = $(if $(filter $(1),$(SCRIPTS)),--script common/tests/$(1).sh,\
              --program "$(strip $(OUT)/tests/$(1).exe $($(1)_words))")
RUN_TESTS   = sh common/tools/test.sh
# Minimal.exe and the commands of the lectures need port 7777: chat.exe and notes.sh run in turn.
TEST_ALL    = --about "5 minutes" $(call suite,chat) --program "$(CHAT_AGAIN)" \
              --script common/maintain/notes.sh --in-turn \
              $(foreach one,$(filter-out chat,$(PROGRAMS)) $(SCRIPTS),$(call suite,$(one))) \
              --contract $(OUT)/tests/contract.exe $(SERVERS) --verify $(WATCHED_SERVERS)

#: make test | runs all tests; TEST_JOBS=1: one program at a time
test:
	+@$(SET_UP) test-programs
	+@$(build_watched) programs wrong-programs
	@$(RUN_TESTS) $(TEST_ALL)

# What library.exe tests in a step of 07, see Library.h. Those before 07.3 have nothing of it.
TESTS_07.3      = Host Peer Send SendBuffer
TESTS_07.4      = $(TESTS_07.3) Packet PacketSession RecvBuffer Session
TESTS_07.5      = $(TESTS_07.4) Connect
TESTS_07.6      = $(TESTS_07.5) Cause Close Held Keeper Misuse Stop
TESTS_07.7      = $(TESTS_07.6) Accept Many Round Share
STEP_LIBRARIES := $(foreach step,$(STEPS),$(if $(TESTS_$(step)),$(OUT)/tests/library-$(step).exe))
$(STEP_LIBRARIES): INCLUDES += -Icommon/tests/lib -Icommon/tools/lib -Icommon/instrument
$(STEP_LIBRARIES): $(OUT)/tests/library-07.%.exe: build/steps/07.%/Server.c \
    $(wildcard common/tests/library/*) $(OUT)/flags.txt $(COMMON) $(LIBS) | compiler
	$(say) "  build   $@"
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(CFLAGS) -DSTEP=$* $(INCLUDES) -I$(<D) -o $@ common/tests/library/Library.c \
	    $(TESTS_07.$*:%=common/tests/library/Library%.c) $(<D)/*[!r].c $(<D)/*[!v]er.c \
	    $(COMMON) $(LIBS) -lws2_32

#: make test-05 | runs the tests of one stage; FILTER=reset only those with that in their name
own_tests = $(filter %-$(1).exe,$(STEP_LIBRARIES))
$(ALL:%=test-%): test-%:
	+@$(SET_UP) $(OUT)/$(call stage,$*)/server.exe $(OUT)/tests/contract.exe $(call own_tests,$*)
	@$(RUN_TESTS) --about "40 s" --filter "$(FILTER)" $(addprefix --program ,$(call own_tests,$*)) \
	    --contract $(OUT)/tests/contract.exe $(OUT)/$(call stage,$*)/server.exe

#: make test-unit | runs the tests of common (test-load: of load.exe; test-library: of stage 07)
#: make test-claims | checks here what the lectures say of systems (FILTER=worker: for some)
# What they start as a child is a server: all are built.
$(PROGRAMS:%=test-%) $(SCRIPTS:%=test-%): test-%:
	+@$(SET_UP) test-programs
	+@$(if $(findstring /instrument/,$($*_words))$(filter $*,$(SCRIPTS)),\
	    $(build_watched) programs wrong-programs)
	@$(RUN_TESTS) --filter "$(FILTER)" $(call suite,$*)

#: make test-more | runs the tests that take too long for make test, those of the steps among them
test-more:
	+@$(SET_UP) test-programs $(STEP_SERVERS) $(STEP_LIBRARIES)
	+@$(build_watched) $(WATCHED_STORM) $(WATCHED_STEPS)
	@$(if $(STEPS),$(RUN_TESTS) $(STEP_LIBRARIES:%=--program %) \
	    --contract $(OUT)/tests/contract.exe $(STEP_SERVERS) --verify $(WATCHED_STEPS))
	@TEST_JOBS=1 $(RUN_TESTS) --about "2 minutes" \
	    $(patsubst %,--script %,$(sort $(wildcard common/tests/more/*.sh)))

#: make storm | attacks the library of 07 at random for 10 minutes; SECONDS=60, SEED=1 to begin with
WATCHED_STORM = build/instrument/tests/storm.exe
SECONDS       = 600
SEED          = $(shell echo $$(($$(date +%s) % 1000000000)))
storm:
	+@$(SET_UP) $(OUT)/tests/storm.exe
	+@$(build_watched) $(WATCHED_STORM)
	@$(RUN_TESTS) --about "$(SECONDS) s" --script "common/tests/more/storm.sh $(SECONDS) $(SEED)"

.PHONY: programs storm test test-more test-programs wrong-programs \
    $(ALL:%=test-%) $(PROGRAMS:%=test-%) $(SCRIPTS:%=test-%)
