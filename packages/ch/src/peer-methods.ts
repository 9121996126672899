// The methods of a channel handle about exposing and peering, documented. Types only.
import type { AuthFunction, LinkInfo, PeerInfo, PeerUrls, PortOrServer, UnAuthFunction } from "./types.js";

/** What a handle does with servers and peers. But for `expose` all of it rejects or throws not-replicated on virtual channels. */
export interface PeerMethods {
  /**
   * Serves the channel at a path, for peers, creating it when missing. The same server and path again: the same uuid,
   * and the functions given now decide from now on. A virtual channel is served by REST only.
   * @param noCheck without effect: in the original it leaves a missing channel missing, and requests fail
   * @returns a uuid, or undefined without a port
   * @throws (rejects) OptionError for a path or port that cannot be; ChorusError port-in-use, listen-failed, path-in-use;
   *   as `create`
   */
  expose(
    portOrServer?: PortOrServer,
    path?: string,
    authFunction?: AuthFunction,
    unAuthFunction?: UnAuthFunction,
    noCheck?: boolean,
  ): Promise<string | undefined>;

  /**
   * Exposes the channel and keeps it equal with the channels at all these URLs, creating it when missing. Our own URL
   * may be among them. Again with other URLs: they replace the earlier ones. Without a port it only dials out.
   * The last two arguments of the original (maxTime, maxCount) bounded its retries; here nothing is ever given up.
   * @returns two ids per URL, in the order of the URLs
   * @throws (rejects) as `expose`; ChorusError invalid-url, urls-failed. Then nothing has been started or changed
   */
  peer(
    portOrServer: PortOrServer | undefined,
    path: string | undefined,
    urls: PeerUrls,
    authFunction?: AuthFunction,
    unAuthFunction?: UnAuthFunction,
    maxTime?: number,
    maxCount?: number,
  ): Promise<string[]>;

  /**
   * Ends the peering with these URLs in both directions, until they are given to `peer` again. Unknown ones are
   * ignored; credentials in them do not matter.
   */
  unpeer(urls: string | readonly string[]): void;

  /** The outbound links as they are now. */
  links(): LinkInfo[];

  /** The replicas that are connected at the moment. */
  peers(): PeerInfo[];

  /**
   * Names this copy of the channel: what `peers()` and `links()` of others show. With a data folder it stays the same
   * over restarts, unless the folder was copied or restored from a backup.
   */
  replicaId(): string;

  /**
   * Gives up a replica that will never return, so that what it left behind can be tidied up: its values stay, entries
   * that were overwritten go. Call it on one replica only. Should it return nevertheless, nothing is lost, but what was
   * deleted meanwhile may come back.
   * @param replicaId as its own `replicaId()`, or the others' `peers()` and `links()`, showed it
   * @returns how many entries were handed over to this replica
   * @throws ChorusError replica-connected while it is connected here; OptionError for this replica itself
   */
  retire(replicaId: string): number;

  /** A hash of all keys, values and write times: equal on equal peers. */
  contentHash(): string;
}
