# The simulated fleet. Build from the root of the repository: docker build -f deploy/simulator.Dockerfile .
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
COPY simulator/tsconfig.json simulator/
COPY simulator/src simulator/src
RUN npx tsc -p simulator/tsconfig.json \
 && rm -rf node_modules \
 && npm install --no-save --omit=dev --workspace simulator --include-workspace-root=false

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/simulator/package.json simulator/
COPY --from=build /app/simulator/dist simulator/dist
USER node
EXPOSE 9793 9794 9801-9812
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=4 CMD ["node", "-e", "fetch('http://127.0.0.1:9793/healthy').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "simulator/dist/main.js"]
CMD ["--host", "0.0.0.0", "--first-port", "9801", "--pool-port", "9794", "--control-port", "9793"]
