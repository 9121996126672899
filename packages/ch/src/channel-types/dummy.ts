// The type "dummy": keeps nothing, and answers as if it did. Its subscribers are told, which is what it is for.
import type { Entry } from "../channel-data.js";
import type { Kind, KindContext } from "./kind.js";
import { OptionReader } from "./option-reader.js";

/** @throws OptionError: there are no options */
export function createDummy(_context: KindContext, options: unknown): Kind {
  new OptionReader("dummy", options, []);
  return new Dummy();
}

class Dummy implements Kind {
  readonly size = 0;

  get(): unknown {
    return {};
  }

  set(): unknown {
    return {};
  }

  setMatching(): unknown {
    return {};
  }

  unset(): void {}

  setRows(): void {}

  unsetRows(): void {}

  takeEntry(): Entry {
    return { key: {}, value: {} };
  }

  keys(): unknown[] {
    return [];
  }

  sortedKeys(): unknown[] {
    return [];
  }

  values(): unknown[] {
    return [];
  }

  forEach(): void {}
}
