const input = { target: "./openapi.json" };

module.exports = {
  fetch: {
    input,
    output: { target: "./generated/orval.ts", client: "fetch", baseUrl: { getBaseUrlFromSpecification: true } },
  },
  zod: { input, output: { target: "./generated/zod.ts", client: "zod" } },
};
