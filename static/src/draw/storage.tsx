/**
 * The storage column: classes and volumes above the waterline, the disks behind them below, one line from claim to disk.
 */
import type { Rect } from "../scene/measures";
import type { StoragePlace } from "../scene/storage-places";
import { fitText } from "../scene/text";
import { kindLabel, KindSign } from "./glyphs";
import { still } from "./still";

export function Storage({ storage, selected }: { storage: StoragePlace; selected: string | null }) {
  const { rack } = storage;
  return (
    <g>
      <text class="t-cap" x={storage.label[0]} y={storage.label[1]}>STORAGE</text>
      {storage.cards.map(({ uid, kind, name, sub, rect }) => (
        <g key={uid} class="thing" data-uid={uid}>
          <rect class="card-box" x={rect.x} y={rect.y} width={rect.w} height={rect.h} rx="6" />
          <g transform={`translate(${rect.x + 9},${rect.y + 8})`}><KindSign kind={kind} /></g>
          <text class="t-k" x={rect.x + 31} y={rect.y + 16}>{kindLabel(kind)}</text>
          <text class="t-n" x={rect.x + 31} y={rect.y + 30}>{fitText(name, rect.w - 36, 12)}</text>
          <text class="t-m small" x={rect.x + 31} y={rect.y + 43.5}>{fitText(sub, rect.w - 34, 10.2, "mono")}</text>
          {uid === selected ? <rect class="ring" x={rect.x - 3.5} y={rect.y - 3.5} width={rect.w + 7} height={rect.h + 7} rx="9" /> : null}
        </g>
      ))}
      <rect class="rack-shadow" x={rack.x + 2} y={rack.y + 3} width={rack.w} height={rack.h} rx="9" />
      <rect class="rack-box" x={rack.x} y={rack.y} width={rack.w} height={rack.h} rx="9" />
      {storage.links.map(({ path, solid }) => <path key={path} class={solid ? "mooring solid" : "mooring"} d={path} />)}
      <text class="t-b" x={rack.x + 12} y={rack.y + 21.5}>Disks</text>
      {storage.disks.map(({ uid, name, sub, rect }, i) => <Disk key={uid ?? i} taken={uid !== null} uid={uid ?? ""} name={name} sub={sub} {...rect} />)}
    </g>
  );
}

const Disk = still(({ uid, taken, name, sub, x, y, w, h }: Rect & { uid: string; taken: boolean; name: string; sub: string }) => {
  const [cx, cy] = [x + 24, y + 23];
  const line = taken ? "ns2-m" : "line-2";
  return (
    <g class={taken ? "thing" : undefined} data-uid={taken ? uid : undefined}>
      <rect x={x} y={y} width={w} height={h} rx="5" style={`fill:var(--${taken ? "ns2" : "sunken"});stroke:var(--${taken ? "ns2-m" : "line"})`} />
      <circle cx={cx} cy={cy} r="15.5" fill="none" stroke-width="1.2" opacity={taken ? 1 : 0.6} style={`stroke:var(--${line})`} />
      <circle cx={cx} cy={cy} r="3" style={`fill:var(--${line})`} />
      {taken ? <circle cx={cx} cy={cy} r="10" fill="none" stroke-width="7" opacity=".32" style="stroke:var(--ns2-m)" /> : null}
      <text class={taken ? "t-n" : "t-s"} x={x + 48} y={y + (sub ? 21 : 27)}>{fitText(name, w - 54, 12)}</text>
      {sub ? <text class="t-m small" x={x + 48} y={y + 35}>{sub}</text> : null}
    </g>
  );
});
