import { styleText } from "node:util";
import type { Scene, Stage } from "./scenes/stage.ts";

export type TourResult = { readonly scenes: number; readonly asExpected: number };

/** Plays the scenes one after the other. Each prints a line with what was expected and what came of it. */
export async function playTour(
  scenes: readonly Scene[],
  stage: Stage,
  print: (line: string) => void,
): Promise<TourResult> {
  let asExpected = 0;
  for (const [index, scene] of scenes.entries()) {
    const got = await playScene(scene, stage);
    const matches = got === scene.expected;
    if (matches) asExpected += 1;
    const mark = matches ? styleText("green", "ok  ") : styleText("red", "FAIL");
    const number = String(index + 1).padStart(2);
    print(`${mark} ${number} ${scene.title} | expected: ${scene.expected} | got: ${got}`);
  }
  return { scenes: scenes.length, asExpected };
}

/** A scene that throws has not come out as expected; the others are still worth seeing. */
async function playScene(scene: Scene, stage: Stage): Promise<string> {
  try {
    return await scene.play(stage);
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
