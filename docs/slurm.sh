#!/bin/bash
# A SLURM array without Ray: ten jobs, each with its share of the pictures, one output. Submit it with
#
#     sbatch docs/slurm.sh IN OUT [flags of upscale]
#
# and once more for what was lost: what is finished is skipped. Any number of jobs will do: --array=0-99.
#SBATCH --job-name=upscale
#SBATCH --array=0-9
#SBATCH --cpus-per-task=16
#SBATCH --mem=16G
#SBATCH --requeue
set -e
exec srgan upscale "$@" --shard "$((SLURM_ARRAY_TASK_ID + 1))/$SLURM_ARRAY_TASK_COUNT"
