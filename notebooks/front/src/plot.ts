/** Vega, loaded when a chart is first shown. Expressions are interpreted, so that no page needs `unsafe-eval`. */

import { View, parse, type Spec } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile, type TopLevelSpec } from "vega-lite";

export class Plot {
  private view: View | null = null;

  /** Draws into `element`; the one before is given up. */
  async draw(element: HTMLElement, spec: Record<string, unknown>): Promise<void> {
    this.close();
    const compiled: Spec = compile(spec as unknown as TopLevelSpec).spec;
    const view = new View(parse(compiled, undefined, { ast: true }), { expr: expressionInterpreter, renderer: "canvas", container: element, hover: true });
    this.view = view;
    await view.runAsync();
  }

  close(): void {
    this.view?.finalize();
    this.view = null;
  }

  async png(): Promise<Blob> {
    if (!this.view) throw new Error("There is no chart yet.");
    const canvas = await this.view.toCanvas(2);
    return await new Promise((resolve, reject) => (canvas as unknown as HTMLCanvasElement).toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made."))), "image/png"));
  }

  async svg(): Promise<Blob> {
    if (!this.view) throw new Error("There is no chart yet.");
    return new Blob([await this.view.toSVG()], { type: "image/svg+xml" });
  }
}
