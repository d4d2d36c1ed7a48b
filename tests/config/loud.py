"""The product with a door that breaks and a task that fails, both saying out loud what they were given."""

from config.celery import app
from config.wsgi import application as product


@app.task(name="tests.config.loud.fail")
def fail(said):
    """Fails with what it was given."""
    raise RuntimeError(f"the provider answered {said}")


def application(environ, start_response):
    """As a WSGI application; /loud raises what Django would never let out."""
    if environ["PATH_INFO"] == "/loud":
        raise RuntimeError(
            f"{environ['QUERY_STRING']} {environ.get('HTTP_AUTHORIZATION')} {environ.get('HTTP_COOKIE')}"
        )
    return product(environ, start_response)
