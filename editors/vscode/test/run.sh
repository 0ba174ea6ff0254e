#!/usr/bin/env bash
# Every check and test of the extension: types, lint, units, and the real workbench. `run.sh units` leaves that out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
test/setup.sh
PATH=$PWD/build/workbench/bin:$PATH
export npm_config_loglevel=error

npm install
npx tsc --noEmit
npx tsc -p src/webview
npx biome check .
node scripts/bundle.mjs --tests
node --test "dist-test/*.mjs"
[[ ${1-} == units ]] && exit
npm run package > build/vsce.log || { cat build/vsce.log >&2; exit 1; }
# One window after the other: they share two cores with everything else.
node --test --test-concurrency=1 "test/e2e/*.test.mjs"
# What the READMEs show is what the tests saw.
mkdir -p media/screenshots
for name in problems hover leaks quick-fix picture overview report; do
    [[ ${PMAT_UPDATE_SCREENSHOTS-} != 1 ]] || cp "build/shots/$name.png" media/screenshots/
done
