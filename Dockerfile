# One image for web, worker, scheduler and migration; docker-compose.yml says which command each one runs.

FROM python:3.11-slim-bookworm AS build

WORKDIR /srv/identity
COPY requirements/base.txt requirements/
# Every package comes as a wheel whose hash is locked, so no compiler is needed and nothing else can slip in.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
        -r requirements/base.txt
COPY . .
RUN DJANGO_SETTINGS_MODULE=identity_platform.settings.build /opt/venv/bin/python manage.py collectstatic --noinput \
    && /opt/venv/bin/python -m compileall -q .


FROM python:3.11-slim-bookworm

RUN groupadd --system --gid 10001 identity \
    && useradd --system --uid 10001 --gid identity --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin identity

COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/identity /srv/identity
WORKDIR /srv/identity

ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
ENV PYTHONDONTWRITEBYTECODE=1
ENV PYTHONUNBUFFERED=1
ENV DJANGO_SETTINGS_MODULE=identity_platform.settings.production
ENV WEB_BIND=0.0.0.0:8000

# The files belong to root: a process that is taken over can't change the code it runs.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8000/healthz', timeout=4)"]
CMD ["gunicorn", "--config", "python:identity_platform.gunicorn"]
