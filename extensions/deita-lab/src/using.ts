/** Which cells of a notebook use a `$name` that a control in another cell sets. */

/** A cell with one of these is not run because something was moved: it may change data, each time again. */
const WRITING = /\b(insert|update|delete|merge|create|alter|drop|truncate|comment)\b|^[ \t]*%undo\b/im;

/** The places of the cells below the control of a name that read its value, in order. */
export function cellsBelow(sources: readonly string[], name: string): number[] {
  if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) return [];
  const control = new RegExp(`^[ \\t]*%(slider|choose)[ \\t]+\\$?${name}[ \\t]*=`, "imu");
  const use = new RegExp(`\\$${name}(?![\\p{L}\\p{N}_])`, "iu");
  const from = sources.findIndex((source) => control.test(source));
  if (from < 0) return [];
  return sources.flatMap((source, place) => (place > from && use.test(source) && !control.test(source) && !WRITING.test(source) ? [place] : []));
}
