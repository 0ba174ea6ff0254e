/** Where a walk along a chain stops, and which stop is next. */

import type { Hop, Place } from "./protocol";

/** Where a cursor is. */
export interface Cursor {
    readonly uri: string;
    readonly line: number;
    readonly character: number;
}

/** A location of a chain. */
export interface Stop {
    /** The numbers of the hops there, from 0: of several only where they follow each other. */
    readonly hops: readonly number[];
    readonly place: Place;
}

/** The locations of a chain, in its order; hops without a place are passed over. */
export function stopsOf(hops: readonly Hop[]): Stop[] {
    const stops: { hops: number[]; place: Place }[] = [];
    for (const [number, { place }] of hops.entries()) {
        const last = stops.at(-1);
        if (place && last && isSame(last.place, place)) {
            last.hops.push(number);
        } else if (place) {
            stops.push({ hops: [number], place });
        }
    }
    const [first, last] = [stops[0], stops.at(-1)];
    if (first && last && first !== last && isSame(first.place, last.place)) {
        first.hops.push(...last.hops);
        stops.pop();
    }
    return stops;
}

/**
 * The hop to go to; null where no hop has a place.
 *
 * @param by 1 goes on, -1 back; after the last stop comes the first.
 * @param walked the number of the hop that was walked to last, from 0; null where the walk begins.
 * @param cursor where it was put since then; null where it has not been. The walk goes on from the stop on its line;
 *     where there is none, at the nearest one in its file; where there is none either, after the hop walked to last.
 */
export function nextHop(hops: readonly Hop[], by: 1 | -1, walked: number | null, cursor: Cursor | null): number | null {
    const stops = stopsOf(hops);
    const near = cursor && nearest(stops, cursor, walked);
    let next = after(stops, by, walked);
    if (near && near.place.range.start.line === cursor.line) {
        next = stops.indexOf(near) + by;
    } else if (near && walked !== null) {
        next = stops.indexOf(near);
    }
    return stops.at(next % stops.length)?.hops[0] ?? null;
}

/** The number of the hop on the line of the cursor; of several the nearest one; null where there is none. */
export function hopAt(hops: readonly Hop[], cursor: Cursor | null, walked: number | null): number | null {
    const near = cursor && nearest(stopsOf(hops), cursor, walked);
    if (!near || near.place.range.start.line !== cursor.line) {
        return null;
    }
    return walked !== null && near.hops.includes(walked) ? walked : (near.hops[0] ?? null);
}

/** The index of the stop behind a hop, or before it; the hop need not be one. It may be off the ends by one. */
function after(stops: readonly Stop[], by: 1 | -1, walked: number | null): number {
    const at = stops.findIndex(({ hops }) => walked !== null && hops.includes(walked));
    if (at >= 0) {
        return at + by;
    }
    const passed = stops.filter(({ hops: [first = 0] }) => first < (walked ?? 0)).length;
    return by > 0 ? passed : passed - 1;
}

/** Of the stops in the file of a cursor the nearest one; the one that was walked to, where two are at one location. */
function nearest(stops: readonly Stop[], cursor: Cursor, walked: number | null): Stop | undefined {
    const distance = ({ place, hops }: Stop): number[] => {
        const { start, end } = place.range;
        const behind = end.line === start.line ? cursor.character - end.character + 1 : 0;
        return [
            Math.abs(start.line - cursor.line),
            Math.max(start.character - cursor.character, behind, 0),
            // Of ranges in each other the inner one.
            Math.abs(start.character - cursor.character),
            walked !== null && hops.includes(walked) ? 0 : 1,
        ];
    };
    const here = stops.filter(({ place }) => place.uri === cursor.uri);
    return here.sort((a, b) => compare(distance(a), distance(b)))[0];
}

function compare(a: readonly number[], b: readonly number[]): number {
    const different = a.findIndex((value, at) => value !== b[at]);
    return (a[different] ?? 0) - (b[different] ?? 0);
}

function isSame(a: Place, b: Place): boolean {
    const [one, other] = [a.range.start, b.range.start];
    return a.uri === b.uri && one.line === other.line && one.character === other.character;
}
