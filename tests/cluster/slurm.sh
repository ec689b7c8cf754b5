# Sourced by inside.sh: a Slurm cluster with the controller on h0 and the nodes h1 and h2.
for tool in munged slurmctld slurmd srun; do
  command -v $tool >/dev/null || skip "there is no $tool"
done
mkdir -p /run/munge $w/slurm $w/etc/slurm
dd if=/dev/urandom of=$w/munge.key bs=128 count=1 2>/dev/null
chmod 400 $w/munge.key
chmod 755 /run/munge
munged --key-file=$w/munge.key --socket=/run/munge/munge.socket.2 --pid-file=/run/munge/pid --log-file=$w/log/munged \
  --seed-file=$w/munge.seed --num-threads=2
plugins=$(dirname "$(find /usr/lib /usr/lib64 -name auth_munge.so 2>/dev/null | head -n 1)")
cat >$w/slurm.conf <<END
ClusterName=world
SlurmctldHost=h0
SlurmUser=root
SlurmdUser=root
PluginDir=$plugins
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation=$w/slurm/state
SlurmdSpoolDir=$w/slurm/spool.%n
SlurmctldPidFile=$w/slurm/ctld.pid
SlurmdPidFile=$w/slurm/%n.pid
SlurmctldLogFile=$w/log/slurmctld
SlurmdLogFile=$w/log/slurmd.%n
ReturnToService=2
MinJobAge=300
SlurmdParameters=config_overrides
KillWait=2
MpiDefault=none
SwitchType=switch/none
NodeName=h1 NodeAddr=10.77.0.1 NodeHostname=h1 CPUs=4 State=UNKNOWN
NodeName=h2 NodeAddr=10.77.0.2 NodeHostname=h2 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES OverSubscribe=FORCE:4 MaxTime=INFINITE State=UP
END
echo "CgroupPlugin=cgroup/v1" >$w/cgroup.conf
export SLURM_CONF=$w/slurm.conf
mkdir -p $w/slurm/state
slurmctld -D >$w/log/slurmctld.out 2>&1 &
for n in 1 2; do in_host h$n slurmd -D -N h$n >$w/log/slurmd.out.h$n 2>&1 & done
idle() { [ "$(sinfo -h -t idle -o %D)" = 2 ]; }
wait_for "Slurm's nodes" idle
