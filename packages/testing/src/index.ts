// What test files use. The runner is not part of it: it is started by its command only.

export * as assert from "./assert.js";
export type { HookRegistration, SuiteOptions, SuiteTest, TestBody, TestContext } from "./suite.js";
export { suite } from "./suite.js";
export type { UntilOptions } from "./until.js";
export { until } from "./until.js";
