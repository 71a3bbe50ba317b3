/** The instructor's wall: everybody's cluster at once, live. */
import "./styles/wall.css";
import { render } from "preact";
import { WallPage } from "./wall/page";
import type { WallBoot } from "./wall/types";
import { WallState } from "./wall/wall-state";

const root = document.getElementById("wall");
const data = document.getElementById(root?.dataset["boot"] ?? "");
if (root && data) {
  const wall = new WallState(JSON.parse(data.textContent ?? "") as WallBoot);
  root.replaceChildren();
  root.classList.add("wall");
  render(<WallPage wall={wall} />, root);
  wall.start();
}
