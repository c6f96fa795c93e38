#!/bin/sh
# steps.sh: has git edit the steps between the stages, as a repository with a commit a step.
#
#     sh common/maintain/steps.sh open      make steps-open
#     sh common/maintain/steps.sh save      make steps-save
#     sh common/maintain/steps.sh check     each patch fits, and the last one to a stage gives the stage
#
# `open` makes build/steps/edit from the patches. The first commit is the stage that the first step starts
# from, each other one a step; its title is 07.3-sending, and its text what stands on top of the patch.
# Where the patches do not fit the stages any more, it takes the stages and patches of the last commit here,
# and has git put their steps on top of the stage as it is now.
#
# `save` writes the patches, if they pass the check.

newline='
'
edit=$(pwd)/build/steps/edit
. "$(dirname "$0")/../tools/diff-git.sh"

refuse() {
    echo "$*" >&2
    exit 1
}

# git's command in that repository.
in_edit() (
    unset GIT_DIR GIT_INDEX_FILE GIT_ALTERNATE_OBJECT_DIRECTORIES
    git -C "$edit" "$@"
)

# What each commit is: a stage without steps, or a step to the stages behind it.
list_commits() {
    before=
    for stage in $(list_stages); do
        steps=$(list_steps "$stage")
        if [ -n "$steps" ]; then
            printf '%s' "$before${before:+$newline}$steps$newline"
            before=
        else
            before=$stage
        fi
    done
}

# --- Opening -------------------------------------------------------------------------------------

# commit_files NAME: the sources of a stage or a step are the next commit, and stdin is what it says.
commit_files() {
    copy_sources "$1" "$diff_work/$1" || return
    rm -f "$edit"/*.[ch]
    cp "$diff_work/$1"/*.[ch] "$edit" && in_edit add -A &&
        in_edit commit -q --allow-empty --cleanup=verbatim -F -
}

commit_all() {
    for name in $(list_commits); do
        case $name in
        *.*)
            patch=$(echo "$(find_stage "$name")/steps/${name#*.}"-*.patch)
            title=${patch##*/}
            { echo "${name%.*}.${title%.patch}" && echo && tr -d '\r' <"$patch" | sed '/^diff --git /,$d'; }
            ;;
        *) echo "$name" ;;
        esac | commit_files "$name" || return
    done
}

fits() {
    for name in $(list_commits); do
        copy_sources "$name" "$diff_work/fits/$name" || return
    done
}

open_steps() {
    [ ! -e "$edit" ] || refuse "There is build/steps/edit already. make steps-save keeps what was changed there, rm -r removes it."
    first=$(list_commits | head -n 1)
    [ -n "$first" ] || refuse "No stage has steps."
    mkdir -p "$edit"
    in_edit -c init.defaultBranch=steps init -q --template= || exit 1
    in_edit config core.autocrlf false
    in_edit config commit.gpgSign false
    in_edit config user.name steps
    in_edit config user.email steps@localhost
    if fits; then
        commit_all
        return
    fi
    echo "So these are the steps of the last commit, on top of $first as it is now:"
    top=$(pwd)
    mkdir "$diff_work/last"
    if ! { (unset GIT_DIR GIT_INDEX_FILE && git archive HEAD 0*) | tar -x -C "$diff_work/last" &&
        cd "$diff_work/last" && commit_all && cd "$top"; }; then
        rm -rf "$edit"
        refuse "They do not fit either."
    fi
    in_edit checkout -q --orphan now "$(in_edit rev-list --max-parents=0 HEAD)" &&
        echo "$first" | commit_files "$first" &&
        in_edit rebase --onto now "$(in_edit rev-list --max-parents=0 steps)" steps
}

# --- Saving --------------------------------------------------------------------------------------

# Each patch fits, and the last one to each stage gives the stage; or it says what is wrong.
check_steps() {
    wrong=
    for stage in $(list_stages); do
        last=$(list_steps "$stage" | tail -n 1)
        [ -n "$last" ] || continue
        if ! copy_sources "$last" "$diff_work/check/$last" || ! copy_sources "$stage" "$diff_work/check/$stage"; then
            wrong=yes
            continue
        fi
        different=$(diff -rq "$diff_work/check/$last" "$diff_work/check/$stage" | sed 's,.*[/ ]\([A-Za-z]*\.[ch]\).*,\1,' | tr '\n' ' ')
        [ -z "$different" ] && continue
        echo "$last, the last step to $stage, does not give the files of the stage: ${different% }. Change either." >&2
        wrong=yes
    done
    [ -z "$wrong" ]
}

# Puts the commit $1 where its patch belongs, below $diff_work/new.
make_patch() {
    title=$(in_edit log -1 --format=%s "$1")
    case $title in
    0[1-9].[1-9]-*) steps=$(find_stage "${title%%.*}")/steps ;;
    0[1-9]-*) return ;;
    *) refuse "Nothing is saved: a commit is called '$title'. It has to be a step, such as 07.3-sending, or a part of one." ;;
    esac
    text=$(in_edit log -1 --format=%b "$1")
    mkdir -p "$diff_work/new/$steps"
    # Without the names of blobs: a change in one step would be one in the patches of all that follow.
    # shellcheck disable=SC2086
    {
        [ -z "$text" ] || printf '%s\n\n' "$text"
        git diff-tree -r -p $diff_options --no-renames --no-color "$1^" "$1" | sed '/^index [0-9a-f]*\.\./d'
    } >"$diff_work/new/$steps/${title#*.}.patch"
}

keep_patches() {
    for patch in 0*/steps/*.patch; do
        [ -f "$diff_work/new/$patch" ] || rm -f "$patch"
    done
    (cd "$diff_work/new" && echo 0*/steps/*.patch) | tr ' ' '\n' | while read -r patch; do
        cmp -s "$diff_work/new/$patch" "$patch" && continue
        mkdir -p "${patch%/*}"
        cat "$diff_work/new/$patch" >"$patch" && echo "Wrote $patch."
    done
}

save_steps() {
    [ -d "$edit" ] || refuse "There is no build/steps/edit. make steps-open makes it."
    if [ -n "$(in_edit status --porcelain)" ] || [ -d "$edit/.git/rebase-merge" ]; then
        refuse "Nothing is saved: in build/steps/edit something is not committed, or a rebase is under way."
    fi
    git_ignore_settings
    GIT_ALTERNATE_OBJECT_DIRECTORIES=$edit/.git/objects
    export GIT_ALTERNATE_OBJECT_DIRECTORIES
    for stage in $(list_stages); do
        copy_sources "$stage" "$diff_work/new/$stage"
    done
    for commit in $(in_edit rev-list --reverse HEAD); do
        make_patch "$commit"
    done
    (cd "$diff_work/new" && check_steps) || refuse "Nothing is saved."
    keep_patches
}

case ${1-} in
open | save | check) ;;
*)
    echo "Usage: sh common/maintain/steps.sh open, save or check" >&2
    exit 2
    ;;
esac
git_begin
"$1_steps"
