const text = new TextDecoder();

/**
 * Decode a msgpack value of the types that JSON also has (https://github.com/msgpack/msgpack/blob/master/spec.md).
 *
 * @param {ArrayBuffer} data
 * @returns {any}
 * @throws {RangeError} the value is cut off or has another type
 */
export function decode(data) {
  const view = new DataView(data);
  let at = 0;
  /** @param {number} size */
  const number = (size) => {
    at += size;
    return size === 1 ? view.getUint8(at - 1) : size === 2 ? view.getUint16(at - 2) : view.getUint32(at - 4);
  };
  /** @param {number} size */
  const string = (size) => {
    at += size;
    return text.decode(new Uint8Array(data, at - size, size));
  };
  /** @param {number} size */
  const array = (size) => {
    const items = [];
    while (size--) items.push(value());
    return items;
  };
  /** @param {number} size */
  const map = (size) => {
    /** @type {Record<string, any>} */
    const members = {};
    while (size--) members[value()] = value();
    return members;
  };
  const eight = () => {
    at += 8;
    return at - 8;
  };
  const signed = (/** @type {number} */ size) => (number(size) << (32 - 8 * size)) >> (32 - 8 * size);
  /** @returns {any} */
  const value = () => {
    const type = number(1);
    if (type < 0x80) return type;
    if (type < 0x90) return map(type & 15);
    if (type < 0xa0) return array(type & 15);
    if (type < 0xc0) return string(type & 31);
    if (type >= 0xe0) return type - 256;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xca:
        at += 4;
        return view.getFloat32(at - 4);
      case 0xcb:
        return view.getFloat64(eight());
      case 0xcf:
        return Number(view.getBigUint64(eight()));
      case 0xd3:
        return Number(view.getBigInt64(eight()));
    }
    if (type >= 0xcc && type <= 0xce) return number(1 << (type - 0xcc));
    if (type >= 0xd0 && type <= 0xd2) return signed(1 << (type - 0xd0));
    if (type >= 0xd9 && type <= 0xdb) return string(number(1 << (type - 0xd9)));
    if (type === 0xdc || type === 0xdd) return array(number(type === 0xdc ? 2 : 4));
    if (type === 0xde || type === 0xdf) return map(number(type === 0xde ? 2 : 4));
    throw new RangeError(`Unknown type: ${type}`);
  };
  return value();
}
