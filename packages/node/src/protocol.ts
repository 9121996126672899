// What Chorus calls itself on the wire: in handshakes and in replies. A change of these names parts old peers from new ones.

/** The WebSocket subprotocol of Chorus peers. */
export const SUBPROTOCOL = "chorus.1";

/**
 * The header, with SUBPROTOCOL as its value, by which a client of ours that speaks OpenAF's REST dialect learns that a Chorus
 * node answers at its URL, to which a WebSocket can be opened. So it is in the replies that are given on account of an
 * exposed path: those of the dialect, 401, 403 and 426; not where nothing is exposed, or a server is full.
 */
export const PROTOCOL_HEADER = "chorus-protocol";

/** The header with its value. */
export const PROTOCOL_HEADERS = { [PROTOCOL_HEADER]: SUBPROTOCOL };
