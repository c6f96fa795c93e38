# How the steps from one stage to the next are made and built; the Makefile includes it.

# 06-iocp-core/steps/1-objects.patch makes 06.1 of 05, and 2-acceptex.patch makes 06.2 of that.
STEPS := $(foreach stage,$(STAGES),$(foreach patch,$(notdir $(wildcard $(stage)/steps/*.patch)),\
             $(firstword $(subst -, ,$(stage))).$(firstword $(subst -, ,$(patch)))))
ALL   := $(NUMBERS) $(STEPS)

# $(call step,06.1): the folder with its sources; nothing if it is none.
step   = $(addprefix build/steps/,$(filter $(1),$(STEPS)))

# They are made when the patches, or what these change, have changed.
$(STEPS:%=build/steps/%/Server.c): build/steps/%/Server.c: common/tools/steps.sh \
    $(wildcard $(STAGES:%=%/*.[ch]) $(STAGES:%=%/steps/*.patch))
	@sh $< $* $(@D)

# They are compiled by one line, as by a reader.
STEP_SERVERS  := $(STEPS:%=$(OUT)/steps/%/server.exe)
WATCHED_STEPS := $(STEPS:%=build/instrument/steps/%/server.exe)
$(STEPS): %: $(OUT)/steps/%/server.exe
$(STEP_SERVERS): $(OUT)/steps/%/server.exe: build/steps/%/Server.c \
    $(OUT)/flags.txt $(COMMON) | compiler
	$(say) "  build   $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(STANDARD) $(CFLAGS) $(INCLUDES) $(WATCH) -o $@ $(<D)/*.c $(COMMON) -lws2_32
