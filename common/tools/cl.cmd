@echo off
rem cl.cmd: builds a stage with Visual Studio, by the `cl` line of its lecture.
rem
rem     common\tools\cl.cmd 05-iocp-basic\Server.c [OPTION...]
rem
rem To be run in the top folder, in the "x64 Native Tools" command prompt. Options go to cl, behind its
rem own; /Z7 /Od makes a program for the debugger.
setlocal
set line=missing
set failed=
for %%f in ("%~dp1.") do set stage=%%~nxf
set _CL_=%2 %3 %4 %5
if not exist build\%stage% mkdir build\%stage%
for /f "delims=" %%l in ('%SystemRoot%\System32\find.exe "cl /" ^< %stage%\README.md') do call :run %%l
if %line%==missing echo %stage%\README.md has no line with "cl /".
if %line%==missing exit /b 1
if defined failed exit /b 1
exit /b 0

:run
set line=found
echo %*
%*
if errorlevel 1 set failed=yes
exit /b 0
