"""Texts for other programs that keep time: a systemd timer, a Kubernetes CronJob, a line for cron."""
