#!/usr/bin/env bash
# Mirrors the home folder to the external disk every night and keeps two weeks of snapshots.
set -euo pipefail

source_dir="$HOME/"
target_dir="/media/backup/$(hostname)"
today=$(date +%F)

rsync -a --delete --link-dest="$target_dir/latest" "$source_dir" "$target_dir/$today"
ln -sfn "$today" "$target_dir/latest"
find "$target_dir" -maxdepth 1 -type d -name '20*' -mtime +14 -exec rm -rf {} +
