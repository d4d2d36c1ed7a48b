"""The bank's entry: brings its own database up to date, starts its clock, serves."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"  # whatever the surroundings say: this process is the bank

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
call_command("migrate", verbosity=0, interactive=False)

from sandbox import clock  # noqa: E402  needs the apps to be loaded

clock.start()
