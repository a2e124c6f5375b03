#!/bin/bash
# A task of a sweep, as your cluster wants it. `layerprobe sweep submit` fills in
# the {{names}}: an #SBATCH line with one that has no value is left out,
# {{name:value}} has a value where the command line gives none. Change what you
# like and give the file with --site.
#SBATCH --job-name={{name}}
#SBATCH --array={{array}}
#SBATCH --output="{{output}}"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal={{signal}}
#SBATCH --time={{time}}
#SBATCH --partition={{partition}}
#SBATCH --account={{account}}
#SBATCH --qos={{qos}}
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={{cpus}}
#SBATCH --mem={{memory}}
#SBATCH --gres=gpu:{{gpus}}

# modules and environments come here, such as: module load gcc

exec {{command}}
