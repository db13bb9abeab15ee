#!/bin/bash
# A search on Slurm: sbatch slurm.sh
# Not tried: there is no Slurm where this was written; it was only parsed.
#
# Change first: nodes, cores, time, and the three paths below, which every node
# must see. Whole nodes, because Ray stops every Ray of yours on a node at the end.
# Submitted again after the time is up, the search goes on where it was.
#SBATCH --job-name=crossnets
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --exclusive
#SBATCH --time=12:00:00
set -euo pipefail

project=$HOME/crossnets  # checkout with .venv
store=$HOME/runs
token=$HOME/.crossnets-ray-token

export PATH=$project/.venv/bin:$PATH
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$token
[ -s "$token" ] || (umask 077 && openssl rand -hex 32 > "$token")

# The script runs on the first node, so Ray's head does too.
head=$(hostname --ip-address | awk '{print $1}'):6379

srun ray symmetric-run --address "$head" --min-nodes "$SLURM_JOB_NUM_NODES" \
  --num-cpus "$SLURM_CPUS_PER_TASK" --include-dashboard false -- \
  crossnets search paper --preset paper --trials 64 \
  --store "$store" --address "$head"
