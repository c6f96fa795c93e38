#!/bin/sh
# session.sh: runs the command of a terminal; commands.sh starts it in a session of its own, so that
# what belongs to the terminal hears of Ctrl+C together, and nobody else does.
#
#     setsid env --default-signal=INT sh session.sh FOLDER
#
# FOLDER/command is the command. Makes FOLDER/ready when Ctrl+C may be pressed, and when the command has
# ended FOLDER/code with its exit code. terminal.exe does the same on Windows.

# This shell stays to write the code. What it starts hears Ctrl+C as usual.
trap : INT
: >"$1/ready"
sh "$1/command"
echo $? >"$1/code.txt" && mv "$1/code.txt" "$1/code"
