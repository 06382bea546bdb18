# The exporter. Build from the root of the repository: docker build -f deploy/exporter.Dockerfile .
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
# npm wants the manifest of every workspace that the lock file names.
COPY exporter/package.json exporter/
COPY simulator/package.json simulator/
COPY dashboards/package.json dashboards/
COPY alerting-rules/package.json alerting-rules/
COPY bench/package.json bench/
COPY e2e/package.json e2e/
# `npm ci` refuses a lock file that lacks optional packages of other platforms; `install` keeps to the locked versions too.
RUN npm install --no-save
COPY exporter/tsconfig.json exporter/
COPY exporter/src exporter/src
RUN npx tsc -p exporter/tsconfig.json \
 && rm -rf node_modules \
 && npm install --no-save --omit=dev --workspace exporter --include-workspace-root=false

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/exporter/package.json exporter/
COPY --from=build /app/exporter/dist exporter/dist
RUN mkdir /var/lib/hashfleet && chown node:node /var/lib/hashfleet
VOLUME /var/lib/hashfleet
USER node
EXPOSE 9788 9789
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=4 CMD ["node", "-e", "fetch('http://127.0.0.1:9788/-/healthy').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "exporter/dist/cli/main.js"]
CMD ["start", "--config", "/etc/hashfleet/fleet.yaml", "--metrics-listen", "0.0.0.0:9788", "--api-listen", "0.0.0.0:9789", "--data", "/var/lib/hashfleet"]
