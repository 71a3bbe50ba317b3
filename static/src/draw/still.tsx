/**
 * A component that is drawn again only when one of its properties changed.
 *
 * Promise: compares by identity, property by property. Rows of the store keep their identity while they do not change, so a stage
 * of hundreds of objects costs one comparison for each that stays as it was.
 */
import { Component, type ComponentChild, type ComponentType } from "preact";

export function still<P extends object>(draw: (props: P) => ComponentChild): ComponentType<P> {
  return class Still extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return differs(next, this.props);
    }

    override render(): ComponentChild {
      return draw(this.props);
    }
  };
}

function differs(a: object, b: object): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  return keys.length !== Object.keys(right).length || keys.some((key) => left[key] !== right[key]);
}
