#!/usr/bin/env bash
# Build the images where there is no container engine, and start them: `make images`, before a release.
#
#   build_images.sh [cpu|gpu|bento]...        all three by default; 5 minutes each on two cores, 20 GB in build/images
#
# Debian's buildah runs every step of Dockerfile.gpu and of the Dockerfile that BentoML writes, by chroot, on a bare Debian
# 12 in the place of the base images, with the package index's own build of torch. scripts/try_image.py then starts each
# image. So what is not tried is NVIDIA's base image, CUDA's builds of torch, and a GPU.
#
# BUILDAH_ARGS    more arguments for `buildah build`: --volume for an index of your own, …
# DEBIAN_MIRROR   where debootstrap takes Debian from; else its own default
# CA_FILE         PEM file of an authority that the machine's way out (a proxy) signs with
# STORAGE_DRIVER  vfs where the file system knows no overlays: slow, for every step copies all files
# KEEP=1          keep build/images
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh

work="$PWD/build/images"
base=localhost/debian-12
export BENTOML_HOME="$work/bentoml" BENTOML_DO_NOT_TRACK=True

say() { printf 'images: %s\n' "$*"; }
die() { printf 'images: %s\n' "$@" >&2; exit 1; }
tool() { buildah --root "$work/store" --runroot "$work/run" --storage-driver "${STORAGE_DRIVER:-overlay}" "$@"; }

(($#)) || set -- cpu gpu bento
for image in "$@"; do
  [[ $image == cpu || $image == gpu || $image == bento ]] || die "no image $image; there are cpu, gpu and bento"
done
((EUID == 0)) || die "needs root: debootstrap and chroot"
for program in buildah debootstrap; do
  command -v "$program" >/dev/null || { may_apt && apt_install "$program"; } || die "needs $program (Debian's package)"
done

clean() {
  [[ -n "${KEEP:-}" ]] && return
  tool rm --all >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap clean EXIT
mkdir -p "$work"

if ! tool inspect --type image "$base" >/dev/null 2>&1; then
  say "a bare Debian 12"
  rm -rf --one-file-system "$work/debian"
  # What it mounts goes with the namespace, however it ends.
  # shellcheck disable=SC2086  # none or one
  unshare --mount debootstrap --variant=minbase bookworm "$work/debian" ${DEBIAN_MIRROR:-} >"$work/debian.log"
  container="$(tool from scratch)"
  if [[ -n "${CA_FILE:-}" ]]; then
    # Debian's package of certificates, which a step installs, adds this one to its own.
    install -Dm 644 "$CA_FILE" "$work/debian/usr/local/share/ca-certificates/way-out.crt"
    bundle=/etc/ssl/certs/ca-certificates.crt
    tool config --env "PIP_CERT=$bundle" --env "SSL_CERT_FILE=$bundle" "$container"
  fi
  tool add --quiet "$container" "$work/debian" / >/dev/null
  tool commit --quiet --format docker --rm "$container" "$base" >/dev/null
  rm -rf --one-file-system "$work/debian"
fi

# build IMAGE ARGUMENT...: its Dockerfile's steps, all of them anew
build() {
  local image=$1
  shift
  say "$image: building; output in $work/$image.log"
  # shellcheck disable=SC2086  # several arguments
  tool build --isolation chroot --layers=false --network host --format docker --build-arg TORCH_BACKEND= \
    -t "localhost/ml-server:$image" ${BUILDAH_ARGS:-} "$@" >"$work/$image.log" 2>&1 ||
    { tail -n 25 "$work/$image.log" >&2; die "$image: a step failed"; }
  say "$image: $(grep -c 'STEP [0-9]' "$work/$image.log") steps done"
}

# try IMAGE ARGUMENT...: start it; the arguments are try_image.py's
try() {
  local image=$1 container root
  shift
  container="$(tool from "localhost/ml-server:$image")"
  root="$(tool mount "$container")"
  tool inspect --type image "localhost/ml-server:$image" >"$work/$image.json"
  say "$image: started with $(du -sh "$root" | cut -f1) of files: ${*:-as it is}"
  python3 scripts/try_image.py "$root" "$work/$image.json" samples/invoice_korean.png "$@"
  tool umount "$container" >/dev/null
  tool rm "$container" >/dev/null
}

for image in "$@"; do
  case $image in
    cpu)
      build cpu -f Dockerfile.gpu --build-arg "CPU_IMAGE=$base" --build-arg "CUDA_IMAGE=$base" --target cpu .
      try cpu
      try cpu --command grpc
      ;;
    gpu)
      build gpu -f Dockerfile.gpu --build-arg "CPU_IMAGE=$base" --build-arg "CUDA_IMAGE=$base" .
      # There is none: onnxruntime-gpu reads on the CPU.
      try gpu --env ML_SERVER_DEVICE=cpu
      ;;
    bento)
      .venv/bin/bentoml build --output tag . >"$work/bentoml.log" 2>&1 || { cat "$work/bentoml.log" >&2; die "no bento"; }
      bento="$(.venv/bin/bentoml get ml_server:latest -o path)"
      build bento -f "$bento/env/docker/Dockerfile" --build-arg "BASE_IMAGE=$base" --build-arg ML_SERVER_DEVICE=cpu "$bento"
      try bento --writable
      try bento --env HOME=/tmp --env BENTOML_HOME=/tmp/bentoml
      ;;
  esac
  tool rmi "localhost/ml-server:$image" >/dev/null
done
say "all of it worked: $*"
