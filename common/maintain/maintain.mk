# What only maintainers run; the Makefile includes it. common/MAINTAINING.md says when.

#:
#: For those who change something (common/MAINTAINING.md):

#: make diffs | writes the DIFF.md of each stage and step: what it changed from the one before it
diffs:
	@sh common/maintain/diffs.sh write

#: make steps-open | makes a git repository of the steps, a commit each, in build/steps/edit
#: make steps-save | writes the patches of the steps from its commits
steps-open steps-save: steps-%:
	@sh common/maintain/steps.sh $*

#: make record-05 | keeps what make trace-05 draws as timeline.json and timeline.svg of the stage
$(NUMBERS:%=record-%): record-%: trace-%
	@cp $(trace).timeline.json $(call stage,$*)/timeline.json
	@cp $(trace).svg $(call stage,$*)/timeline.svg
	@echo "Now it is $(call stage,$*)/timeline.svg. Is it still what the README there says of it?"

#: make timelines | draws the timeline.svg of each stage from its timeline.json
timelines:
	+@$(SET_UP) $(OUT)/tools/timeline.exe
	@for stage in $(STAGES); do \
	    $(RUN) $(OUT)/tools/timeline.exe $$stage/timeline.json $$stage/timeline.svg $$stage || \
	    exit 1; done

#: make bench | measures all stages, into build/bench/ (45 minutes; QUICK=1: some minutes)
bench:
	+@sh common/tools/setup.sh build run bench && \
	    $(SET_UP) $(SERVERS) $(OUT)/tools/load.exe $(OUT)/tools/calls.exe
	+@$(build_watched) $(WATCHED_SERVERS)
	@QUICK="$(QUICK)" ROUNDS="$(ROUNDS)" sh common/maintain/bench/bench.sh $(STAGES)

#: make bench-keep | has common/benchmark/BENCHMARK.md show what make bench has measured
bench-keep:
	@sh common/maintain/bench/bench-keep.sh keep

#: make check-notes | checks that the lectures say what is; NOTES="--only names README.md"
check-notes:
	+@$(SET_UP) all test-programs
	+@$(build_watched) programs
	@trap : INT; MAKE="$(MAKE)" sh common/maintain/notes.sh $(NOTES); code=$$?; $(STOP); exit $$code

#: make render-notes | draws the pages of the lectures in build/notes/; NOTES=README.md
render-notes:
	@sh common/tools/setup.sh render && sh common/maintain/render-notes.sh $(NOTES)
	@$(if $(NOTES),,sh common/maintain/render-notes-test.sh)

#: make test-10000 | 10,000 clients of stage 07 at once
test-10000:
	+@$(SET_UP) $(OUT)/$(SEVEN)/server.exe $(OUT)/tests/library.exe
	@sh common/tests/more/many.sh

#: make test-fresh | make demo and make test on a fresh Debian 13, as root; SUITE=bookworm: 12
SUITE = trixie
test-fresh:
	@sh common/maintain/fresh.sh "$(SUITE)"

#: make faults | makes each call of each stage fail once
faults:
	+@$(SET_UP) $(OUT)/tests/faults.exe
	+@$(build_watched) programs
	@BUILD=build/instrument sh common/maintain/faults.sh

#: make coverage | which lines of the stages and of common the tests and the faults reach
coverage:
	+@sh common/tools/setup.sh build run coverage && $(SET_UP) test-programs
	+@$(build_watched) OUT=build/coverage CFLAGS="-O0 -g --coverage" programs \
	    build/coverage/tests/library.exe build/coverage/tests/unit.exe
	@sh common/maintain/coverage.sh

#: make lint | other compilers and analysers look at the sources (Debian, Ubuntu)
lint:
	+@sh common/tools/setup.sh build run lint && $(MAKE) --no-print-directory $(LIBRARY)
	@sh common/maintain/lint.sh

#: make mutants | breaks copies of the stages on purpose, and requires the tests to notice; FILTER
mutants:
	+@$(SET_UP) test-programs
	@OBJECTS="$(COMMON)" LIBRARY_OBJECTS="$(call objects,$(wildcard common/tests/library/*.c)) \
	    $(COMMON) $(LIBS)" $(RUN_TESTS) --about "5 minutes" --filter "$(FILTER)" \
	    --script common/maintain/mutants.sh

.PHONY: bench bench-keep check-notes coverage diffs faults lint mutants render-notes test-10000 \
    steps-open steps-save test-fresh timelines $(NUMBERS:%=record-%)
