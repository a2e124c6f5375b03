# A Slurm cluster of two nodes on this machine, for a test: no systemd, no
# control groups, nothing outside its folder. To be sourced, as root, by bash.
#
#   cluster_up FOLDER     starts munged, slurmctld and the nodes n1 and n2
#   node_up NODE          starts a node that was lost
#   cluster_down          ends all that was started
#
# FOLDER is to be one that only root may write to. Options that look odd: two
# nodes share a machine (NodeHostname, a port and folders each), a requeued job
# would wait two minutes for its credential to expire (cred_expire), a lost node
# would be noticed after five (SlurmdTimeout). Written for Slurm 22.05, where the
# option that sends jobs their signal when they are preempted is the controller's.

CLUSTER=
CONTROLLER_PID=
MUNGE_PID=
declare -A NODE_PID=()

# A port that nobody listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

cluster_up() {
    CLUSTER=$1
    local host
    host=$(hostname -s)
    mkdir -p "$CLUSTER"/{state,log,spool-n1,spool-n2,munge}
    chmod 755 "$CLUSTER" "$CLUSTER/munge"
    cat >"$CLUSTER/slurm.conf" <<CONF
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$CLUSTER/munge/socket,cred_expire=5
StateSaveLocation=$CLUSTER/state
SlurmctldLogFile=$CLUSTER/log/slurmctld.log
SlurmctldPidFile=$CLUSTER/state/slurmctld.pid
SlurmctldPort=$(free_port)
SlurmdSpoolDir=$CLUSTER/spool-%n
SlurmdLogFile=$CLUSTER/log/slurmd-%n.log
SlurmdPidFile=$CLUSTER/spool-%n/slurmd.pid
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=5,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=${SLURMCTLD_PARAMETERS-preempt_send_user_signal}
JobRequeue=1
KillWait=5
OverTimeLimit=0
MinJobAge=3600
MaxArraySize=${MAX_ARRAY_SIZE:-1001}
SlurmctldTimeout=30
SlurmdTimeout=10
DefMemPerCPU=500
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=2 RealMemory=4000 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=${GRACE_TIME:-15}
PartitionName=urgent Nodes=n1,n2 MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
CONF
    export SLURM_CONF=$CLUSTER/slurm.conf
    (umask 077 && head -c 128 /dev/urandom >"$CLUSTER/munge/key")
    munged --foreground --num-threads=2 --socket="$CLUSTER/munge/socket" \
        --key-file="$CLUSTER/munge/key" --pid-file="$CLUSTER/munge/pid" \
        --seed-file="$CLUSTER/munge/seed" 2>"$CLUSTER/log/munged.log" &
    MUNGE_PID=$!
    until [ -S "$CLUSTER/munge/socket" ]; do
        kill -0 "$MUNGE_PID" || return 1
        sleep 0.1
    done
    slurmctld -D >"$CLUSTER/log/slurmctld.out" 2>&1 &
    CONTROLLER_PID=$!
    node_up n1
    node_up n2
    for _ in $(seq 120); do
        [ "$(sinfo -h -t idle -o %D -p main 2>/dev/null)" = 2 ] && return 0
        sleep 0.25
    done
    tail -n 20 "$CLUSTER"/log/* >&2
    return 1
}

node_up() {
    slurmd -D -N "$1" -f "$SLURM_CONF" >"$CLUSTER/log/slurmd-$1.out" 2>&1 &
    NODE_PID[$1]=$!
}

# The managers of a node's job steps: they write to the node's log.
node_stepds() {
    local pid
    for pid in $(pgrep -x slurmstepd); do
        readlink "/proc/$pid"/fd/* 2>/dev/null | grep -qxF "$CLUSTER/log/slurmd-$1.log" &&
            echo "$pid"
    done
    return 0
}

# The processes of jobs on a node: by what Slurm told them at their start.
node_processes() {
    local folder
    for folder in /proc/[0-9]*; do
        [ "$(tr '\0' '\n' <"$folder/environ" |
            grep -cxF -e "SLURM_CONF=$SLURM_CONF" -e "SLURMD_NODENAME=$1")" = 2 ] &&
            echo "${folder#/proc/}"
    done 2>/dev/null
    return 0
}

# Loses a node as if it hung: its processes stop and lose their managers. They
# are not killed, so that they can be let go on later, when all is over.
node_lost() {
    local pids
    disown "${NODE_PID[$1]}"
    # the managers first: children of a manager that ends are sent on otherwise
    kill -KILL "${NODE_PID[$1]}" $(node_stepds "$1")
    pids=$(node_processes "$1")
    kill -STOP $pids
    echo $pids
}

cluster_down() {
    local pid
    for pid in "${NODE_PID[@]}" $CONTROLLER_PID $MUNGE_PID; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    return 0
}
