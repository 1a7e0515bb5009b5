//! Lattices of patches or dots, grown from neighbour to neighbour.

/// Something on a lattice: its middle, and the side of a square of its area.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patch {
    pub center: [f64; 2],
    pub side: f64,
}

/// Places on a lattice: column, row, and which patch is there.
pub(crate) type Lattice = Vec<([i32; 2], usize)>;

/// The way from `b` to `a`.
pub(crate) fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

/// Grows a lattice from one patch, step by step, each step from the place and the axes of a neighbour; at most `reach`
/// steps along each axis.
pub(crate) fn spread(patches: &[Patch], start: usize, u: [f64; 2], v: [f64; 2], reach: i32) -> Lattice {
    let mut placed: Vec<([i32; 2], usize, [f64; 2], [f64; 2])> = vec![([0, 0], start, u, v)];
    let mut filled = std::collections::HashSet::from([[0, 0]]);
    let mut next = 0;
    let mut taken = vec![false; patches.len()];
    taken[start] = true;
    while next < placed.len() {
        let (at, index, u, v) = placed[next];
        next += 1;
        let from = patches[index];
        for (step, d) in [([1, 0], u), ([-1, 0], u.map(|c| -c)), ([0, 1], v), ([0, -1], v.map(|c| -c))] {
            let to = [at[0] + step[0], at[1] + step[1]];
            if to.iter().any(|c| c.abs() > reach) || filled.contains(&to) {
                continue;
            }
            let guess = [from.center[0] + d[0], from.center[1] + d[1]];
            let away = |q: &Patch| (q.center[0] - guess[0]).hypot(q.center[1] - guess[1]);
            let Some((j, q)) = patches.iter().enumerate().min_by(|a, b| away(a.1).total_cmp(&away(b.1))) else {
                continue;
            };
            let pitch = d[0].hypot(d[1]);
            if away(q) < 0.22 * pitch && (0.55..1.8).contains(&(q.side / from.side)) && !taken[j] {
                taken[j] = true;
                filled.insert(to);
                let real = minus(q.center, from.center);
                // axes follow the perspective slowly
                let blend = |old: [f64; 2], sign: f64| [0, 1].map(|c| 0.5 * old[c] + 0.5 * sign * real[c]);
                let (nu, nv) = match step {
                    [s, 0] => (blend(u, f64::from(s)), v),
                    [_, s] => (u, blend(v, f64::from(s))),
                };
                placed.push((to, j, nu, nv));
            }
        }
    }
    placed.into_iter().map(|p| (p.0, p.1)).collect()
}
