# One image for every process of the scaled mode; docker-compose.yml says which command makes it which.

FROM node:22-slim AS ui
WORKDIR /app/static
COPY static/package.json static/package-lock.json static/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY static ./
RUN npm run --silent build

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app:/app/platform
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY manage.py ./
COPY platform platform
COPY simulator simulator
COPY lessons lessons
COPY templates templates
COPY static/public static/public
COPY --from=ui /app/build/ui build/ui
RUN useradd --system drydock && install -d -o drydock var
USER drydock
