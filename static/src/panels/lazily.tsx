/**
 * A component whose code is loaded when it is first drawn, so that the first picture of the lab stays small.
 *
 * Promise: nothing is drawn until the code is there; what is loaded once is there at once the next time.
 */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function lazily<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return (props: Props) => {
    const [Content, show] = useState<{ of: ComponentType<Props> } | null>(loaded && { of: loaded });
    useEffect(() => {
      if (!Content) void load().then((component) => { loaded = component; show({ of: component }); });
    }, []);
    return Content ? <Content.of {...props} /> : null;
  };
}
