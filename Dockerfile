# runwell in a container: docker build -t runwell . ; how to run it: docs/operate.md
# No step needs a shell, and neither does what runs at the end.

FROM python:3.13-slim AS build
WORKDIR /src
RUN ["python", "-m", "venv", "/opt/runwell"]
# The locked requirements change seldom: this layer is kept when only the code does.
COPY requirements.txt ./
RUN ["/opt/runwell/bin/python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:", "-r", "requirements.txt"]
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN ["/opt/runwell/bin/python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--no-deps", "."]

FROM python:3.13-slim
COPY --from=build /opt/runwell /opt/runwell
# The folders belong to the user that runs, so that new volumes do, too.
RUN ["install", "-d", "-o", "10001", "-g", "10001", "-m", "0700", "/data", "/backups"]
ENV PATH=/opt/runwell/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    RUNWELL_HOST=0.0.0.0 \
    RUNWELL_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/opt/runwell/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/-/healthz', timeout=4)"]
ENTRYPOINT ["/opt/runwell/bin/runwell"]
CMD ["serve"]
