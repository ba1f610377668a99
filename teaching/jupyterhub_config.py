"""A class on one machine, by JupyterHub: one installation, and a home for each learner.

The course lies where learners can read it and not write, its data with it. Everybody has an account
on the machine and logs in with its password, so that the system keeps learners apart.
`notebooks/TEACHING.md` says how this is started, and what a class takes.
"""

from pathlib import Path

c = get_config()
course = str(Path(__file__).resolve().parents[1])

# As the learner, at each start: lessons missing at home are copied, and none is written over.
start = 'cp -rn "$0/notebooks" . ; exec "$0/.venv/bin/jupyterhub-singleuser" "$@"'
c.Spawner.cmd = ["sh", "-c", start, course]
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.environment = {
    "COURSE_DATA": f"{course}/data",
    "COURSE_PROGRESS": "~/autoencoders.json",
    "OMP_NUM_THREADS": "2",  # or each training would reach for all cores
}

# A kernel takes some 400 MB: it ends when it has done nothing for an hour, and a server after two.
c.Spawner.args = ["--MappingKernelManager.cull_idle_timeout=3600"]
c.Spawner.args += ["--MappingKernelManager.cull_connected=True"]
c.Spawner.args += ["--ServerApp.shutdown_no_activity_timeout=7200"]

c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # seconds: forty may come at once
c.JupyterHub.concurrent_spawn_limit = 10
c.Authenticator.allow_all = True  # whoever has an account on this machine
