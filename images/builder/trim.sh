#!/bin/sh
# Takes out of an environment what nothing runs: trim.sh /opt/deita [without-kernels]. Tests of packages, headers for
# compilers, source maps, AWS's services other than the store and its sign-in; in the hub's what its pages and its reading of
# tables do not need, and where nobody's kernels run what they alone could import.
set -eu
rm -f "$1/.lock"
packages=$(echo "$1"/lib/python3.*/site-packages)
find "$packages" -type d \( -name tests -o -name test -o -name include \) -prune -exec rm -r {} +
find "$packages/botocore/data" -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name 'ss*' ! -name sts -exec rm -r {} +
find "$1/share" -name '*.map' -delete
static="$1/share/jupyterhub/static/components"
if [ -x "$1/bin/deita" ]; then
  rm -r "$static/@fortawesome/fontawesome-free/metadata" "$static/@fortawesome/fontawesome-free/js" \
    "$static/@fortawesome/fontawesome-free/svgs" "$static/@fortawesome/fontawesome-free/svgs-full"
else
  rm -r "$static"
fi
if [ ! -d "$packages/deita_server" ] || [ "${2:-}" = without-kernels ]; then
  find "$packages/pyarrow" -name '*flight*.so*' -delete -o -name '*s3*.so*' -delete
fi
