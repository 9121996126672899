// A process of the measurement of growth: `point-main.js SERIES POINT` measures one point and sends its figures to the
// process that has started it. A process of its own, so that no point finds the heap or the compiled code of another.
import { GROWTH } from "./index.js";

const [, , id = "", point = ""] = process.argv;
const series = GROWTH.get(id);
if (series === undefined || process.send === undefined) throw new Error("started by bench:growth only");
process.on("disconnect", () => process.exit(1));
const figures = await series.measure(Number(point));
process.send(figures, () => process.exit());
