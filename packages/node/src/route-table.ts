// The exposed paths of one server and which of them a request target belongs to. Targets come from anybody: no
// lookup may cost more than reading the target once, however many slashes it has.
import { ChorusError } from "@chorus/core";
import { pathAndQuery, requestedPath } from "./path.js";
import type { Route } from "./route.js";

/** A route and what a request target has behind its path: still encoded, with the query; "" for the path itself. */
export interface Found {
  route: Route;
  subpath: string;
}

/** One segment of the paths below which plain requests are answered. */
interface Branch {
  readonly children: Map<string, Branch>;
  route: Route | undefined;
}

/** The exposed paths of one server. */
export class RouteTable {
  readonly #exact = new Map<string, Route>();
  readonly #root: Branch = newBranch();

  /** Adds a route. Throws ChorusError "path-in-use", its message ends with `where`. */
  add(route: Route, where: string): void {
    if (this.#exact.has(route.path)) {
      throw new ChorusError("path-in-use", `path ${route.path} is already exposed ${where}`);
    }
    this.#exact.set(route.path, route);
    plant(this.#root, route);
  }

  /** Removes a route, whose path is free from now on; nothing happens when it is not there. */
  remove(route: Route): void {
    if (this.#exact.get(route.path) !== route) return;
    this.#exact.delete(route.path);
    uproot(this.#root, route);
  }

  /** The route of exactly the path of a target: decoded, without query and without one trailing slash. */
  exact(target: string | undefined): Route | undefined {
    const path = requestedPath(target);
    return path === undefined ? undefined : this.#exact.get(path);
  }

  /**
   * The route of a plain request: that of exactly its path, else the longest one with `onRequest` whose segments
   * the target begins with. A segment that cannot be decoded, or has an encoded slash, is no segment of a route.
   */
  find(target: string | undefined): Found | undefined {
    const exact = this.exact(target);
    const parts = pathAndQuery(target);
    if (!parts) return undefined;
    const { path, query } = parts;
    if (exact) return { route: exact, subpath: query };
    let found = this.#root.route ? { route: this.#root.route, subpath: path + query } : undefined;
    let branch: Branch | undefined = this.#root;
    for (let start = 0; start < path.length; ) {
      const slash = path.indexOf("/", start + 1);
      const end = slash < 0 ? path.length : slash;
      branch = branch.children.get(decodedSegment(path.slice(start + 1, end)) ?? "/");
      if (!branch) break;
      if (branch.route) found = { route: branch.route, subpath: path.slice(end) + query };
      start = end;
    }
    return found;
  }
}

function newBranch(): Branch {
  return { children: new Map(), route: undefined };
}

/** The segments of a route's path; undefined when it does not answer requests below it. */
function segmentsOf({ path, settings }: Route): string[] | undefined {
  if (!settings.onRequest) return undefined;
  return path === "/" ? [] : path.slice(1).split("/");
}

/** Takes a route out of the tree, with the branches that are empty without it. */
function uproot(root: Branch, route: Route): void {
  const segments = segmentsOf(route);
  if (!segments) return;
  const branches = [root];
  for (const segment of segments) {
    const child = branches.at(-1)?.children.get(segment);
    if (!child) return;
    branches.push(child);
  }
  const last = branches.at(-1);
  if (last?.route === route) last.route = undefined;
  for (let depth = segments.length; depth > 0; depth--) {
    const branch = branches[depth];
    if (branch?.route || branch?.children.size) return;
    branches[depth - 1]?.children.delete(segments[depth - 1] ?? "");
  }
}

/** Puts a route at its place in the tree, if it answers requests below its path. */
function plant(root: Branch, route: Route): void {
  const segments = segmentsOf(route);
  if (!segments) return;
  let branch = root;
  for (const segment of segments) {
    let child = branch.children.get(segment);
    if (!child) {
      child = newBranch();
      branch.children.set(segment, child);
    }
    branch = child;
  }
  branch.route = route;
}

function decodedSegment(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
