#!/usr/bin/env bash
# A sweep through Slurm, with a preemption, a time limit and a lost node on the
# way, ends with the results of the same sweep on this machine, and no cell is
# computed twice. Takes the program to test; wants root, slurm-wlm and munge.
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")"
source ./cluster.sh

# a space, as folders of people have
work=$(mktemp -d "/tmp/layerprobe slurm.XXXXXX")
chmod 755 "$work"
cluster=$(mktemp -d /tmp/layerprobe-cluster.XXXXXX)
lost=
urgent=
began=$SECONDS

finish() {
    local code=$?
    set +e
    if [ $code -ne 0 ]; then
        echo "--- FAILED after $((SECONDS - began)) s" >&2
        status >&2
        tail -n 15 sweep/slurm/*/logs/* >&2
        tail -n 40 "$cluster/log/slurmctld.log" >&2
    fi
    scancel --user "$(id -un)" >/dev/null 2>&1
    [ -z "$lost" ] || kill -KILL $lost 2>/dev/null
    for _ in $(seq 40); do
        [ -n "$(node_processes n1)$(node_processes n2)" ] || break
        sleep 0.25
    done
    cluster_down
    rm -rf "$work" "$cluster"
    exit $code
}
trap finish EXIT
trap 'exit 1' INT TERM

say() { echo "[$((SECONDS - began)) s] $*"; }
fail() {
    echo "wrong: $*" >&2
    exit 1
}
# wait_for SECONDS WHAT COMMAND...
wait_for() {
    local seconds=$1 what=$2 until=$((SECONDS + $1))
    shift 2
    while ! "$@"; do
        [ $SECONDS -lt $until ] || fail "no $what within $seconds s"
        sleep 0.2
    done
    say "$what"
}
layerprobe() { "$program" "$@"; }
status() { layerprobe sweep status sweep.toml --out sweep; }
# notes TEXT: tasks' notes with a text in them
notes() { cat sweep/slurm/*/tasks/*.json 2>/dev/null | grep -c -- "$1" || true; }
logged() { grep -q -- "$1" "$cluster/log/slurmctld.log"; }

# newest_lease CELL: the file of a cell's newest lease
newest_lease() { ls "sweep/cells/$1/.lease/"*[0-9] 2>/dev/null | sort | tail -n 1; }
# holder CELL: the process that holds a cell
holder() { sed -n 's/^pid //p' "$(newest_lease "$1")" 2>/dev/null; }
# on_node NODE: array elements that run there
on_node() { squeue --noheader --array --states=R --nodelist="$1" --jobs="$array" --format=%K; }
# holds_cell ELEMENT...: whether each of these tasks of the first array holds a cell
holds_cell() {
    local element cell
    for element in "$@"; do
        cell=$(sed -n 's/ begins .*//p' sweep/slurm/0001/logs/"${array}_$element".log | tail -n 1)
        [ -n "$cell" ] && [ -n "$(holder "$cell")" ] || return 1
    done 2>/dev/null
}
both_nodes_work() {
    local n1 n2
    n1=$(on_node n1) n2=$(on_node n2)
    [ -n "$n1" ] && [ -n "$n2" ] && holds_cell $n1 $n2
}

cd "$work"
long=seed99-texture-epochs40
{
    echo 'name = "through-slurm"'
    echo 'base = "smoke"'
    echo '[set]'
    echo 'probes.penalties = [10]'
    echo 'probes.layers = ["fc1"]'
    # what is to be interrupted comes first
    printf '[[include]]\nseed = 99\ntarget = "texture"\ntraining.epochs = 40\n'
    for seed in $(seq 12); do
        for target in shape color; do
            printf '[[include]]\nseed = %s\ntarget = "%s"\n' "$seed" "$target"
        done
    done
} >sweep.toml
cells=25

say "$cells cells on this machine"
layerprobe sweep run sweep.toml --out local --workers 2 --quiet
layerprobe sweep collect sweep.toml --out local --quiet
say "done"

MAX_ARRAY_SIZE=5 cluster_up "$cluster"
say "two nodes are up, $(sbatch --version)"

layerprobe sweep site |
    sed 's|^exec {{command}}|& --log-file "$SLURM_SUBMIT_DIR/log-$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID.jsonl"|' \
        >site.sh
# Slurm looks at time limits every half a minute: tasks are told 45 to 75 s after
# their start, long enough to find out that a holder elsewhere is dead
submit() {
    layerprobe sweep submit sweep.toml --out sweep --site site.sh --cell-time 5s --task-time 20s \
        --time-limit 2m --signal-before 45s --throttle 4 --memory 900M --cpus 1 "$@"
}
submit --dry-run >dry-run.txt
[ ! -e sweep ] || fail "a dry run wrote something"
grep -q '^#SBATCH --array=0-4%4$' dry-run.txt || fail "the first array: $(cat dry-run.txt)"
grep -q '^#SBATCH --array=0-1%4$' dry-run.txt || fail "the second array: $(cat dry-run.txt)"
submit >submitted.txt
cat submitted.txt
submit | grep -q 'nothing to submit' || fail "what is in the queue was submitted again"

array=$(sed -n 's/^array job \([0-9]*\): .*array-0.sh$/\1/p' submitted.txt)
wait_for 30 "both nodes have cells in hand" both_nodes_work
node=$(squeue --noheader --array --states=R --format='%K %N %F' | sort -n | sed -n 's/^0 \(n[12]\) .*/\1/p;q')
other=$([ "$node" = n1 ] && echo n2 || echo n1)
status | grep -q 'running' || fail "status does not know the queue"

lost_elements=$(on_node "$other")
[ -n "$lost_elements" ] || fail "nothing runs on $other"
lost=$(node_lost "$other")
say "$other is lost, with tasks" $lost_elements "and $(wc -w <<<"$lost") processes, which hang"

sbatch --quiet --partition=urgent --nodelist="$node" --ntasks=1 --cpus-per-task=2 --mem=1000 \
    --output=/dev/null --wrap "sleep 3"
made_room() { [ "$(notes 'to make room for another job')" -ge 1 ]; }
wait_for 30 "tasks made room for an urgent job" made_room
say "$(notes 'to make room for another job') tasks put themselves back"

# the long cell hangs in training until time is nearly up
trains_again() {
    [ "$(grep -c 'goes on from a snapshot' log-*-0.jsonl 2>/dev/null | sed 's/.*://' | sort -n | tail -n 1)" -ge 1 ]
}
wait_for 60 "the long cell goes on" trains_again
sleep 1
slow=$(holder "$long")
kill -STOP "$slow" || fail "the long cell did not last"
grep -q "pid $slow" "$(newest_lease "$long")" || fail "another process holds the long cell"
told() { [ "$(grep -c 'stopping: 1 cells' "sweep/slurm/0001/logs/${array}_0.log")" -ge 2 ]; }
wait_for 100 "Slurm told the long cell's task that its time is nearly up" told
kill -CONT "$slow"
at_limit() { [ "$(notes 'near its time limit')" -ge 1 ]; }
wait_for 20 "it saved and put itself back" at_limit

is_down() { logged "Requeuing JobId=.* due to failure of node $other\|requeue job.* due to failure of node $other"; }
wait_for 90 "Slurm knows that $other is lost" is_down
node_up "$other"

all_done() { status | grep -q "^$cells of $cells cells are done"; }
wait_for 240 "all cells are done" all_done
queue_is_empty() { [ -z "$(squeue --noheader)" ]; }
wait_for 60 "the queue is empty" queue_is_empty
status | tail -n 2
layerprobe sweep collect sweep.toml --out sweep --quiet

# those that hung come back, find their cells taken over, and write nothing
sha256sum sweep/results.csv sweep/cells/*/results.csv sweep/cells/*/manifest.json >before
kill -CONT $lost
gone() { ! kill -0 $lost 2>/dev/null; }
wait_for 60 "the lost processes found out and ended" gone
sha256sum --quiet --check before || fail "a process that was taken over wrote"
grep -q 'was taken over' sweep/logs/*.log || fail "no lost process had a cell that was taken over"
lost=

cmp local/results.csv sweep/results.csv
say "results.csv is the same, $(wc -l <local/results.csv) lines"
for log in sweep/logs/*.log; do
    ends=$(grep -c '^results  ' "$log" || true)
    [ "$ends" = 1 ] || fail "$log: computed to its end $ends times"
done
trained=$(cat log-*.jsonl | grep -c '"message":"trained"')
[ "$trained" = "$cells" ] || fail "$trained networks were trained for $cells cells"
submit | grep -q 'nothing to submit' || fail "something is left to submit"

sum() {
    sed -n "s/^ *\"$1\": \([0-9]*\),$/\1/p" sweep/slurm/*/tasks/*.json | awk '{ n += $1 } END { print n }'
}
say "Slurm: $cells cells, each to its end once, in $(ls sweep/slurm/0001/tasks | wc -l) tasks," \
    "started $(sum starts) times, $(sum requeues) times put back by themselves"
