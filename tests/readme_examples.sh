#!/usr/bin/env bash
# Run the examples of badges/api/README.md unchanged, against a server with the data of the demo.
# Usage: ADDRESS=http://127.0.0.1:8000 tests/readme_examples.sh
set -euo pipefail
cd "$(dirname "$0")/.."
demo=$(python manage.py demo --no-serve)
after() { sed -n "s/^ *$1 *//p" <<<"$demo" | head -n 1; }
CLIENT_ID=$(after "client id")
CLIENT_SECRET=$(after "client secret")
export ADDRESS CLIENT_ID CLIENT_SECRET

examples=$(sed -n '/^```sh$/,/^```$/{/^```/!p}' badges/api/README.md)
[ -n "$examples" ] || { echo "badges/api/README.md has no examples."; exit 1; }
bash -euo pipefail -c "$examples"
echo
