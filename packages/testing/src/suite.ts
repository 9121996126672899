// The house suite over uvu: a deadline for every test and hook, hooks that fail loudly, automatic run.
// Never let a failure pass unseen, and never offer a way to leave tests out without a printed reason.

import { DeadlineError, toError, withDeadline } from "./deadline.js";
import { createUvuSuite } from "./deferred-uvu.js";
import { isUnderRunner, report } from "./report.js";
import {
  announceSuite,
  assertRegistering,
  beginTest,
  countLoudFailure,
  endTest,
  markHung,
} from "./session.js";

/** Options of a suite. */
export interface SuiteOptions {
  /** How long each test, hook and clean-up may take, in milliseconds. Default 10,000. */
  readonly deadlineMs?: number;
}

/** What a test body receives. */
export interface TestContext {
  /** "suite › test". */
  readonly name: string;
  /** Registers a clean-up. They run in reverse order when the test ends, however it ends; a failing one fails it. */
  after(cleanup: () => unknown): void;
}

/** The body of a test. */
export type TestBody = (t: TestContext) => unknown;

/** Registers a hook. A hook that throws or misses the deadline is a failure of the run. */
export interface HookRegistration {
  (hook: () => unknown): void;
  /** The same around every single test; a throwing one fails that test. */
  each(hook: () => unknown): void;
}

/** Registers tests of one suite; they run by themselves once the file is loaded. */
export interface SuiteTest {
  (name: string, body: TestBody): void;
  /** Runs only such tests. Refused (throws) with CI set and under the house runner: it would hide failures. */
  only(name: string, body: TestBody): void;
  /** Leaves a test out. The reason is printed and must not be empty. */
  skip(name: string, reason: string, body?: TestBody): void;
  readonly before: HookRegistration;
  readonly after: HookRegistration;
}

type Hook = () => unknown;
type HookKind = "before" | "after" | "beforeEach" | "afterEach";

interface SuiteState {
  readonly name: string;
  readonly deadlineMs: number;
  readonly hooks: Record<HookKind, Hook[]>;
  beforeFailed: boolean;
}

/**
 * Makes a suite and returns the function that registers its tests.
 * @throws TypeError for an empty name or a deadline that is not a positive finite number.
 */
export function suite(name: string, options: SuiteOptions = {}): SuiteTest {
  const { deadlineMs = 10_000 } = options;
  if (name === "") throw new TypeError("a suite needs a name");
  if (!(Number.isFinite(deadlineMs) && deadlineMs > 0)) {
    throw new TypeError(`deadlineMs is ${deadlineMs}; a positive number of milliseconds is needed`);
  }
  const state: SuiteState = {
    name,
    deadlineMs,
    hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
    beforeFailed: false,
  };
  const uvuSuite = createUvuSuite(name);
  uvuSuite.before(() => runSuiteHooks(state, "before"));
  uvuSuite.after(() => runSuiteHooks(state, "after"));
  announceSuite(() => uvuSuite.run());
  return createRegistration(state, uvuSuite);
}

function createRegistration(state: SuiteState, uvuSuite: ReturnType<typeof createUvuSuite>): SuiteTest {
  const register = (name: string, body: TestBody): void => {
    uvuSuite(name, prepare(state, name, body));
  };
  const only = (name: string, body: TestBody): void => {
    if (isUnderRunner || isSet(process.env.CI)) throw new Error(`test.only("${name}") is refused here`);
    uvuSuite.only(name, prepare(state, name, body));
  };
  const skip = (name: string, reason: string): void => {
    if (typeof reason !== "string" || reason === "") throw new TypeError(`skipping "${name}" needs a reason`);
    process.stdout.write(`  SKIP ${state.name} › ${name}: ${reason}\n`);
    report({ type: "skip", test: `${state.name} › ${name}`, reason });
  };
  return Object.assign(register, {
    only,
    skip,
    before: hookRegistration(state, "before", "beforeEach"),
    after: hookRegistration(state, "after", "afterEach"),
  });
}

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== "" && variable !== "0" && variable !== "false";
}

function hookRegistration(state: SuiteState, once: HookKind, each: HookKind): HookRegistration {
  const add = (kind: HookKind) => (hook: Hook) => {
    assertRegistering("a hook");
    if (typeof hook !== "function") throw new TypeError("a hook must be a function");
    state.hooks[kind].push(hook);
  };
  return Object.assign(add(once), { each: add(each) });
}

function prepare(state: SuiteState, name: string, body: TestBody): () => Promise<void> {
  assertRegistering(`test "${name}"`);
  if (typeof body !== "function") throw new TypeError(`test "${name}" has no body`);
  return () => runTest(state, `${state.name} › ${name}`, body);
}

// Failures of suite hooks are counted here and not thrown, because uvu would lose them.
async function runSuiteHooks(state: SuiteState, kind: "before" | "after"): Promise<void> {
  for (const hook of state.hooks[kind]) {
    try {
      await withDeadline(hook, state.deadlineMs);
    } catch (thrown) {
      if (kind === "before") state.beforeFailed = true;
      if (thrown instanceof DeadlineError) markHung();
      countLoudFailure(`${state.name} › (${kind})`, toError(thrown));
    }
  }
}

async function runTest(state: SuiteState, name: string, body: TestBody): Promise<void> {
  const errors: Error[] = [];
  const interrupted = beginTest(name);
  // Listened to here as well, because it may reject when no step is waiting for it.
  interrupted.catch((thrown: unknown) => errors.push(toError(thrown)));
  const attempt = async (step: Hook, interruption?: Promise<never>): Promise<void> => {
    try {
      await withDeadline(step, state.deadlineMs, interruption);
    } catch (thrown) {
      if (thrown instanceof DeadlineError) markHung();
      errors.push(toError(thrown));
    }
  };
  let ended = false;
  const cleanups: Hook[] = [];
  const after = (cleanup: Hook): void => {
    if (ended) throw new Error(`"${name}" registered a clean-up after it had ended`);
    cleanups.push(cleanup);
  };
  if (state.beforeFailed) errors.push(new Error("not run, because a before hook failed"));
  for (const hook of state.hooks.beforeEach) if (errors.length === 0) await attempt(hook, interrupted);
  if (errors.length === 0) await attempt(() => body({ name, after }), interrupted);
  // Clean-ups are waited for to their own ends, even when the test was interrupted.
  for (let step = cleanups.pop(); step !== undefined; step = cleanups.pop()) await attempt(step);
  ended = true;
  if (!state.beforeFailed) for (const hook of state.hooks.afterEach) await attempt(hook);
  const error = combine([...new Set(errors)]);
  endTest(name, error);
  if (error !== undefined) throw error;
}

function combine(errors: readonly Error[]): Error | undefined {
  const [first, ...others] = errors;
  if (first !== undefined && others.length > 0) {
    first.message += others.map((error) => `\n    and then: ${error.message}`).join("");
  }
  return first;
}
