#!/usr/bin/env bash
# Makes the generated layer of the bindings again: jextract, the vendors' headers, our allow-lists. See README.md.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/.." && pwd)
cache=${GATUN_HEADERS:-${XDG_CACHE_HOME:-$HOME/.cache}/gatun-headers}
jextract=${JEXTRACT:-jextract}
python=${PYTHON:-python3}
mvn=${MVN:-mvn}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "generate.sh: $*" >&2
    exit 1
}

pinned() {
    local value
    value=$(sed -n "s/^$1=//p" "$here/versions.properties")
    [ -n "$value" ] || fail "versions.properties names no '$1'"
    echo "$value"
}

need() {
    command -v "$1" > /dev/null || fail "$1 not found; $2"
}

# wheel NAME: fetches the pinned wheel once, keeps the headers in it, says where they are.
wheel() {
    local name=$1 version dir
    version=$(pinned "$name")
    dir=$cache/$name-$version
    if [ ! -d "$dir" ]; then
        need "$python" "pip fetches NVIDIA's headers (or set CUDA_HOME and CUDNN_HOME to an installed toolkit)"
        echo "fetching $name $version" >&2
        rm -rf "$dir.part"
        mkdir -p "$dir.part"
        "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
            --platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
            --dest "$dir.part" "$name==$version" >&2 || fail "pip could not fetch $name $version"
        "$python" - "$dir.part" <<'PYTHON' || fail "$name $version holds no headers"
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
found = False
for wheel in folder.glob("*.whl"):
    with zipfile.ZipFile(wheel) as z:
        for entry in z.namelist():
            if "/include/" in entry and entry.endswith((".h", ".hpp")):
                target = folder / "include" / entry.split("/include/", 1)[1]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(z.read(entry))
                found = True
    wheel.unlink()
sys.exit(not found)
PYTHON
        mv "$dir.part" "$dir"
    fi
    echo "$dir/include"
}

# onednn: the same for oneDNN's headers, which come in the jar that host-device loads the library from.
onednn() {
    local version dir prefix=org/bytedeco/dnnl/linux-x86_64/include
    version=$(pinned org.bytedeco.dnnl)
    dir=$cache/dnnl-$version
    if [ ! -d "$dir" ]; then
        need "$mvn" "Maven fetches oneDNN's headers (or set DNNL_HOME to an installed oneDNN)"
        need unzip "it opens the jar that holds oneDNN's headers"
        echo "fetching org.bytedeco:dnnl $version" >&2
        rm -rf "$dir.part"
        mkdir -p "$dir.part"
        (cd "$dir.part" && "$mvn" -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
            -Dartifact="org.bytedeco:dnnl:$version:jar:linux-x86_64" -DoutputDirectory="$dir.part") >&2 \
            || fail "Maven could not fetch org.bytedeco:dnnl $version"
        unzip -q "$dir.part/dnnl-$version-linux-x86_64.jar" "$prefix/*" -d "$dir.part/jar"
        mv "$dir.part/jar/$prefix" "$dir.part/include"
        rm -rf "$dir.part/jar" "$dir.part"/*.jar
        mv "$dir.part" "$dir"
    fi
    echo "$dir/include"
}

# number HEADER MACRO: the value of '#define MACRO value' in the first include folder that has the header.
number() {
    local dir value
    for dir in "${includes[@]}"; do
        [ -f "$dir/$1" ] || continue
        value=$(sed -n "s/^# *define  *$2  *\([0-9][0-9]*\).*/\1/p" "$dir/$1" | head -n 1)
        [ -n "$value" ] || fail "$1 does not define $2"
        echo "$value"
        return
    done
    fail "no $1 in: ${includes[*]}"
}

# stated NAME: the version that the headers themselves state.
stated() {
    local n
    case $1 in
        cudart) n=$(number cuda_runtime_api.h CUDART_VERSION); echo "$((n / 1000)).$((n % 1000 / 10))" ;;
        driver) n=$(number cuda.h CUDA_VERSION); echo "$((n / 1000)).$((n % 1000 / 10))" ;;
        cublas | cublaslt)
            echo "$(number cublas_api.h CUBLAS_VER_MAJOR).$(number cublas_api.h CUBLAS_VER_MINOR).$(
                number cublas_api.h CUBLAS_VER_PATCH)" ;;
        cudnn)
            echo "$(number cudnn_version.h CUDNN_MAJOR).$(number cudnn_version.h CUDNN_MINOR).$(
                number cudnn_version.h CUDNN_PATCHLEVEL)" ;;
        dnnl)
            n=oneapi/dnnl/dnnl_version.h
            echo "$(number $n DNNL_VERSION_MAJOR).$(number $n DNNL_VERSION_MINOR).$(
                number $n DNNL_VERSION_PATCH)" ;;
    esac
}

# generate NAME PACKAGE CLASS SOURCE-ROOT WHAT LOOKUP
#   WHAT is the header and the library, for the first line of each file;
#   LOOKUP is the Java expression that finds a symbol, its name written as &.
generate() {
    local name=$1 package=$2 class=$3 target=$4 what=$5 lookup=$6
    local version dir options=() folder=${package//./\/}
    local dump=$work/$name.dump args=$work/$name.args log=$work/$name.log out=$work/$name

    version=$(stated "$name")
    if [ "$version" != "$(pinned "$name")" ]; then
        [ -n "${ANY_VERSION:-}" ] || fail "the headers of $name are version $version, versions.properties says \
$(pinned "$name") (ANY_VERSION=1 goes on all the same)"
    fi
    for dir in "${includes[@]}"; do options+=(-I "$dir"); done

    "$jextract" "${options[@]}" --dump-includes "$dump" "$here/${name}_entry.h" > "$log" 2>&1 \
        || { cat "$log" >&2; fail "jextract cannot read ${name}_entry.h"; }

    # The allow-list, its globs spelled out, as jextract's options. A symbol that the headers lack is an error.
    awk -v folders="$here $(printf '%s ' "${includes[@]}")" '
        FILENAME == ARGV[1] {
            if ($1 !~ /^--include-/) next
            kind = substr($1, 11)
            header = $0
            sub(/.*# header: /, "", header)
            n = split(folders, folder, " ")
            for (i = 1; i <= n; i++)
                if (index(header, folder[i] "/") == 1 && !((kind, $2) in seen)) {
                    seen[kind, $2] = 1
                    names[kind, ++count[kind]] = $2
                }
            next
        }
        /^[ \t]*(#|$)/ { next }
        NF != 2 || $1 !~ /^(function|constant|struct|union|typedef)$/ {
            print "line " FNR ": expected KIND NAME: " $0 > "/dev/stderr"
            bad = 1
            next
        }
        index($2, "*") {
            if ($1 != "constant") {
                print "line " FNR ": only constants may be globs: " $0 > "/dev/stderr"
                bad = 1
                next
            }
            regex = "^" $2 "$"
            gsub(/\*/, ".*", regex)
            hits = 0
            for (i = 1; i <= count[$1]; i++)
                if (names[$1, i] ~ regex) {
                    hits++
                    wanted[$1 " " names[$1, i]] = 1
                }
            if (!hits) { print "not in the headers: " $0 > "/dev/stderr"; bad = 1 }
            next
        }
        !(($1, $2) in seen) { print "not in the headers: " $0 > "/dev/stderr"; bad = 1; next }
        { wanted[$0] = 1 }
        END {
            if (bad) exit 1
            for (w in wanted) print "--include-" w
        }' "$dump" "$here/$name.symbols" > "$args.unsorted" || fail "$name.symbols does not fit the headers (see above)"
    sort "$args.unsorted" > "$args"

    "$jextract" "${options[@]}" --output "$out" --target-package "$package" --header-class-name "$class" "@$args" \
        "$here/${name}_entry.h" > "$log" 2>&1 || { cat "$log" >&2; fail "jextract failed on ${name}_entry.h"; }
    grep -v 'warning: Skipping' "$log" >&2 || true

    # Say where the file comes from; look symbols up through the project; drop jextract's own lookup. 'long' occurs
    # in these headers only as size_t and int64_t, so it is as wide as size_t (on Windows C's long is not).
    find "$out" -name '*.java' | while IFS= read -r dir; do
        sed -e "s|^// Generated by jextract\$|// Generated by jextract from $what $version; do not edit; \
see native-headers/generate.sh|" \
            -e "s|SYMBOL_LOOKUP\.findOrThrow(\(\"[A-Za-z0-9_]*\"\))|${lookup//&/\\1}|" \
            -e 's|canonicalLayouts().get("long")|canonicalLayouts().get("size_t")|' \
            -e 's|[ \t]*$||' "$dir" |
            awk '
                /^ *static final (Arena LIBRARY_ARENA|SymbolLookup SYMBOL_LOOKUP) =/ { skipping = 1 }
                skipping { if (/;$/) { skipping = 0; blank = 1 } next }
                blank { blank = 0; if (/^$/) next }
                { print }' > "$dir.patched"
        mv "$dir.patched" "$dir"
    done

    if grep -rnE 'SYMBOL_LOOKUP|LIBRARY_ARENA|SymbolLookup\.|System\.load|defaultLookup' "$out" >&2; then
        fail "$name: jextract's own symbol lookup is still there (see above); its output has changed shape"
    fi
    if grep -rn 'firstVariadicArg' "$out" >&2; then
        fail "$name: a function with variable arguments (see above); take it off $name.symbols"
    fi
    if grep -rn '(unnamed' "$out" >&2; then
        fail "$name: a type with an unnamed member type (see above), which jextract cannot spell; take it off $name.symbols"
    fi
    if grep -rL '^// Generated by jextract from' "$out" | grep . >&2; then
        fail "$name: a file without its first line (see above)"
    fi
    awk '$1 == "function" { print $2 }' "$here/$name.symbols" | sort > "$work/wanted"
    sed -n "s/.*${lookup%%(*}(.*\"\([A-Za-z0-9_]*\)\".*/\1/p" $(find "$out" -name '*.java') | sort > "$work/made"
    cmp -s "$work/wanted" "$work/made" \
        || fail "$name: asked for and generated differ: $(diff "$work/wanted" "$work/made" | grep '^[<>]' | tr '\n' ' ')"

    rm -rf "${target:?}/$folder"
    mkdir -p "$target/$(dirname "$folder")"
    mv "$out/$folder" "$target/$folder"
    echo "$what $version: $(wc -l < "$work/wanted") functions, $(grep -c -- '^--include-constant' "$args") constants," \
        "$(find "$target/$folder" -name '*.java' | wc -l) files"
}

need "$jextract" "set JEXTRACT to a jextract for JDK 25 (README.md says how to get one)"
grep -q "<dnnl.version>$(pinned org.bytedeco.dnnl)<" "$root/pom.xml" \
    || fail "pom.xml and versions.properties name different versions of org.bytedeco:dnnl"

if [ -n "${CUDA_HOME:-}" ]; then
    includes=("$CUDA_HOME/include")
    [ ! -d "$CUDA_HOME/targets/x86_64-linux/include" ] || includes+=("$CUDA_HOME/targets/x86_64-linux/include")
else
    runtime=$(wheel nvidia-cuda-runtime)
    crt=$(wheel nvidia-cuda-crt)
    blas=$(wheel nvidia-cublas)
    includes=("$runtime" "$crt" "$blas")
fi
if [ -n "${CUDNN_HOME:-}" ]; then
    includes+=("$CUDNN_HOME/include")
else
    dnn=$(wheel nvidia-cudnn-cu13)
    includes+=("$dnn")
fi

java=$root/bindings/src/generated/java
symbols=dev.gatun.device.Symbols.find
library=dev.gatun.device.NativeLibrary
generate cudart dev.gatun.generated.cudart Cudart "$java" "cuda_runtime_api.h, CUDA" "$symbols($library.CUDART, &, DESC)"
generate driver dev.gatun.generated.driver CudaDriver "$java" "cuda.h, CUDA" "$symbols($library.DRIVER, &, DESC)"
generate cublas dev.gatun.generated.cublas Cublas "$java" "cublas_v2.h, cuBLAS" "$symbols($library.CUBLAS, &, DESC)"
generate cublaslt dev.gatun.generated.cublaslt CublasLt "$java" "cublasLt.h, cuBLAS" \
    "$symbols($library.CUBLASLT, &, DESC)"
generate cudnn dev.gatun.generated.cudnn Cudnn "$java" "cudnn.h, cuDNN" "$symbols($library.CUDNN, &, DESC)"

if [ -n "${DNNL_HOME:-}" ]; then
    includes=("$DNNL_HOME/include")
else
    dnn=$(onednn)
    includes=("$dnn")
fi
generate dnnl dev.gatun.host.generated.dnnl Dnnl "$root/host-device/src/generated/java" "dnnl.h, oneDNN" \
    "dev.gatun.host.OneDnn.find(&)"
