/** Avro's binary encoding of the few types that a benchmark writes. */

/** Zigzag, of numbers that a double holds exactly. */
export function avroLong(value: number): Buffer {
  const bytes: number[] = []
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}

export function avroText(text: string): Buffer {
  return Buffer.concat([avroLong(Buffer.byteLength(text)), Buffer.from(text)])
}
