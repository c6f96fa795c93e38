# diff-git.sh: how git compares two stages, and makes the steps between them. diff.sh, diffs.sh and
# diff-html.sh begin with it:
#
#     . common/tools/diff-git.sh         from the top folder of the repository
#     git_begin
#     copy_sources 06.1 FOLDER           a stage or a step
#     old=$(git_tree FOLDER)
#     new=$(git_tree FOLDER)
#     git diff-tree -r -p $diff_options "$old" "$new"
#
# A step has the number of its stage and its own: 06.1 is what 06-iocp-core/steps/1-objects.patch makes
# of the stage before, and 06.2 what the next patch makes of 06.1. The last step gives the stage.
#
# git compares trees in a small repository of its own, in $diff_work under build/, which is removed at
# the end. So it does not matter whether the stages come from a clone or from a ZIP file, or what is
# committed. After git_ignore_settings the reader's settings of git do not matter either, and the output
# is the same everywhere: it was compared for git 2.30, 2.39 and 2.47.

# shellcheck shell=sh disable=SC2034,SC2154

# What would be left to the version of git, or to settings. --patience matches lines that occur once
# first, which keeps functions together.
diff_options="--patience --indent-heuristic --inter-hunk-context=0 --no-ext-diff --no-textconv -l500"

# The names of all stages, in their order.
list_stages() {
    for diff_file in 0[1-9]-*/Server.c; do
        echo "${diff_file%/Server.c}"
    done
}

# The steps to the stage $1, in their order.
list_steps() {
    for diff_file in "$1"/steps/[1-9]-*.patch; do
        diff_step=${diff_file##*/}
        [ ! -f "$diff_file" ] || echo "${1%%-*}.${diff_step%%-*}"
    done
}

# Where a stage's folder is named by its number, 05, it is meant, too. Of a step: that of its stage.
find_stage() {
    case $1 in
    [0-9][0-9] | [0-9][0-9].[0-9]) set -- "${1%%.*}"-*/Server.c ;;
    *) set -- "$1/Server.c" ;;
    esac
    [ ! -f "$1" ] || echo "${1%/Server.c}"
}

# The stage or the step that the stage or the step $1 was made from; nothing for the first.
find_before() {
    case $1 in
    *.1) find_before "$(find_stage "$1")" ;;
    *.*) echo "${1%.*}.$((${1#*.} - 1))" ;;
    *) list_stages | sed -n -e "/^$1\$/q" -e p | tail -n 1 ;;
    esac
}

# The names of a stage's examples, on one line.
list_examples() {
    diff_comma=
    for diff_file in "$1"/examples/*.[ch]; do
        [ ! -f "$diff_file" ] || printf '%s' "$diff_comma${diff_file##*/}"
        diff_comma=', '
    done
}

# Makes a folder with the sources of a stage or a step, without carriage returns. common is the same for
# all stages, and a stage's examples are not part of the step to it. False: a patch does not fit.
copy_sources() {
    case $1 in
    *.*) copy_sources "$(find_before "$1")" "$2" && apply_step "$1" "$2" ;;
    *)
        rm -rf "${2:?}"
        mkdir -p "$2"
        for diff_file in "$1"/*.[ch]; do
            tr -d '\r' <"$diff_file" >"$2/${diff_file##*/}"
        done
        ;;
    esac
}

# Cuts the sources in $1/files into $1/parts, and lists the parts in $1/list. $1/marked has them too,
# with a mark at the end of each line: see diff-read.awk. $tools is the folder of the scripts.
cut_sources() {
    for diff_file in "$1/files"/*; do
        diff_name=${diff_file##*/}
        mkdir -p "$1/parts/$diff_name" "$1/marked/$diff_name"
        awk -v file="$diff_name" -v folder="$1" -f "$tools/diff-cut.awk" "$diff_file" || exit 1
    done >"$1/list"
}

# Without a repository git takes the names in a patch for those of the folder that it is in.
apply_step() (
    set -- "$1" "$2" "$(find_stage "$1")/steps/${1#*.}"-*.patch
    [ -f "$3" ] || { echo "There is no $3." >&2 && exit 1; }
    tr -d '\r' <"$3" >"$diff_work/step.patch" && cd "$2" && git_ignore_settings || exit 1
    grep -q '^diff ' "$diff_work/step.patch" || exit 0
    GIT_DIR=$diff_work/none git apply --whitespace=nowarn "$diff_work/step.patch" && exit
    echo "$3 does not fit what stands before it." >&2
    exit 1
)

# Makes the repository. Exits if there is no git.
git_begin() {
    if ! command -v git >/dev/null 2>&1; then
        echo "git is missing, and it makes the comparison. Install git (https://git-scm.com)." >&2
        exit 1
    fi
    unset GIT_WORK_TREE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR \
        GIT_NAMESPACE GIT_PREFIX GIT_DIFF_OPTS GIT_EXTERNAL_DIFF
    diff_work=$(pwd)/build/diff-work/$$
    GIT_DIR=$diff_work/git
    GIT_INDEX_FILE=$diff_work/index
    export GIT_DIR GIT_INDEX_FILE
    trap 'rm -rf "$diff_work"; rmdir build/diff-work 2>/dev/null' EXIT
    trap 'exit 130' INT TERM
    rm -rf "$diff_work"
    mkdir -p "$diff_work/git/info"
    git -c init.defaultBranch=main init -q --bare --template= "$GIT_DIR" || exit 1

    # What names a hunk: the last line before it that begins in the first column and is no declaration.
    # git's own choice for C is another in each version, and so are its words.
    echo '* -text diff=stage' >"$GIT_DIR/info/attributes"
    cat >>"$GIT_DIR/config" <<'END'
[core]
    autocrlf = false
    safecrlf = false
[diff]
    suppressBlankEmpty = true
[diff "stage"]
    xfuncname = "!;$\n^[A-Za-z_].*"
    wordRegex = "[A-Za-z_0-9]+|[ \t]+|[^ \t]"
END
}

git_ignore_settings() {
    HOME=$diff_work
    XDG_CONFIG_HOME=$diff_work
    GIT_CONFIG_NOSYSTEM=1
    GIT_ATTR_NOSYSTEM=1
    LC_ALL=C
    export HOME XDG_CONFIG_HOME GIT_CONFIG_NOSYSTEM GIT_ATTR_NOSYSTEM LC_ALL
    unset GIT_CONFIG GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS
}

# Prints git's name for what is in a folder.
git_tree() (
    cd "$1" || exit 1
    rm -f "$GIT_INDEX_FILE"
    GIT_WORK_TREE=. git add -A -f . && git write-tree
)
