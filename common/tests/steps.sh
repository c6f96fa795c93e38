#!/bin/sh
# steps.sh: tests that the steps give the stages, and what make steps-open and make steps-save do.
#
#     sh common/tests/steps.sh [TEXT]     only the tests with TEXT in their name
#
# Works on two small stages of its own, under build/steps-test. The last line is `N passed, N failed`.

top=$(pwd)
folder=$top/build/steps-test
filter=${1-}
. common/tests/lib/check.sh

steps() {
    sh "$top/common/maintain/steps.sh" "$1" >"$folder/said" 2>&1
}

# works COMMAND, fails COMMAND SENTENCE
works() {
    steps "$1" || { cat "$folder/said" && return 1; }
}

fails() {
    if steps "$1" || ! grep -q -F -e "$2" "$folder/said"; then
        echo "  expected that '$1' fails and says '$2'; this came:"
        cat "$folder/said"
        return 1
    fi
}

# git's command, not in the repository that the tests are in.
git_in() {
    GIT_CEILING_DIRECTORIES=$folder git -C "$@" >"$folder/git" 2>&1 || { cat "$folder/git" && return 1; }
}

# replace OLD NEW FILE: in a line of its own.
replace() {
    sed "s/^$1\$/$2/" "$3" >"$folder/changed" && cat "$folder/changed" >"$3"
}

# A change in the commit $1 of the opened steps, made as people make it.
fix_up() {
    git_in build/steps/edit commit -a --fixup "$1" &&
        GIT_SEQUENCE_EDITOR=: git_in build/steps/edit rebase -i --autosquash --root
}

the_steps_give_the_stages() {
    cd "$top" && works check
}

steps_that_give_the_stage_pass() {
    works check
}

a_stage_that_was_changed_is_found() {
    replace 'int five;' 'int cinq;' 02-two/Server.c
    fails check '02.2, the last step to 02-two, does not give the files of the stage: Server.c'
}

a_stage_with_another_file_is_found() {
    cp 02-two/Server.c 02-two/Extra.c
    fails check 'does not give the files of the stage: Extra.c'
}

a_patch_that_does_not_fit_is_found() {
    replace 'int one;' 'int un;' 01-one/Server.c
    fails check '02-two/steps/1-first.patch does not fit'
}

a_number_that_is_missing_is_found() {
    mv 02-two/steps/2-last.patch 02-two/steps/3-last.patch
    fails check 'There is no 02-two/steps/2-*.patch.'
}

what_was_not_changed_is_saved_as_it_was() {
    works open && works save && diff -r 02-two kept
}

an_early_step_can_be_changed() {
    works open || return
    replace 'int five;' 'int cinq;' build/steps/edit/Server.c
    fix_up HEAD^ && fails save 'Nothing is saved' || return
    replace 'int five;' 'int cinq;' 02-two/Server.c
    works save && works check && grep -q '^+int cinq;' 02-two/steps/1-first.patch &&
        cmp 02-two/steps/2-last.patch kept/steps/2-last.patch
}

the_last_step_can_be_changed() {
    works open || return
    replace 'int ten;' 'int dix;' build/steps/edit/Server.c
    replace 'int ten;' 'int dix;' 02-two/Server.c
    fails save 'is not committed' && git_in build/steps/edit commit -a --amend --no-edit && works save && works check &&
        grep -q '^+int dix;' 02-two/steps/2-last.patch && cmp 02-two/steps/1-first.patch kept/steps/1-first.patch
}

a_step_can_be_renamed_and_one_added() {
    works open && git_in build/steps/edit commit --amend -m 02.2-other || return
    replace 'int ten;' 'int dix;' build/steps/edit/Server.c
    replace 'int ten;' 'int dix;' 02-two/Server.c
    git_in build/steps/edit commit -a -m 02.3-more && works save && works check &&
        [ "$(cd 02-two/steps && echo *)" = '1-first.patch 2-other.patch 3-more.patch' ]
}

a_commit_that_is_no_step_is_refused() {
    works open && git_in build/steps/edit commit --allow-empty --fixup HEAD && fails save "a commit is called 'fixup! 02.2-last'"
}

what_is_open_is_not_lost() {
    works open && fails open 'There is build/steps/edit already'
}

# A line that both stages have, near one that a step changes.
the_steps_follow_a_change_of_all_stages() {
    git_in . init -q && git_in . add . && git_in . -c user.name=t -c user.email=t commit -m all || return
    replace 'int three;' 'int trois;' 01-one/Server.c
    replace 'int three;' 'int trois;' 02-two/Server.c
    fails check 'does not fit' && works open && works save && works check
}

# --- The run ---

make_stages() {
    mkdir -p 01-one 02-two/steps
    printf 'int %s;\n' one two three four six seven eight nine >01-one/Server.c
    printf 'int %s;\n' un two three four five six seven eight nine ten >02-two/Server.c
    cat >02-two/steps/1-first.patch <<'END'
It says one otherwise, and
counts five.

diff --git a/Server.c b/Server.c
--- a/Server.c
+++ b/Server.c
@@ -1,7 +1,8 @@
-int one;
+int un;
 int two;
 int three;
 int four;
+int five;
 int six;
 int seven;
 int eight;
END
    cat >02-two/steps/2-last.patch <<'END'
diff --git a/Server.c b/Server.c
--- a/Server.c
+++ b/Server.c
@@ -7,3 +7,4 @@
 int seven;
 int eight;
 int nine;
+int ten;
END
    cp -R 02-two kept
}

run_tests make_stages
