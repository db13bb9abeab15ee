"""Depth images of tapered capsules, by exact intersection with the pixels' rays.

A tapered capsule is the convex hull of two balls. A ray meets it where it
first meets either ball or the cone that touches both; each is a quadratic. A
capsule is tried only against the pixels of its bounding box. Rays have z = 1,
so the distance along a ray is the depth; the quadratics are solved from the
depth of the ball on, where their terms are small enough for float32.

Source:
    The cone's quadratic follows Quilez, "Rounded cone - intersection"
    (iquilezles.org/articles/intersectors), for rays that are not of unit length.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnets.cameras import Camera
from cnets.geometry import crop_pixels
from cnets.shapes import CentreMm, DepthMm


Points = Float[Tensor, "batch capsules 3"]
Radii = Float[Tensor, "batch capsules"]

NEAREST_MM = 1.0
"""Depth at which a ball that surrounds the camera is cut off."""

FAR_PX = 1 << 20
"""A place outside every crop."""


def render(
    start: Points,
    end: Points,
    start_radius: Radii,
    end_radius: Radii,
    *,
    centre_mm: CentreMm,
    camera: Camera,
    side_px: int,
) -> DepthMm:
    """Depth of the nearest capsule in every pixel of a crop.

    Args:
        start: Centres of the capsules' first balls, millimetres, camera frame.
        end: Centres of their second balls.
        start_radius: Radii of the first balls, millimetres, above 0.
        end_radius: Radii of the second balls.
        centre_mm: Centres of the crops' cubes; above the camera's plane.
        camera: The camera.
        side_px: Side of the crops.

    Returns:
        Millimetres; 0 where no capsule is.
    """
    u, v, scale = crop_pixels(centre_mm, camera, side_px)
    boxes = [
        _boxes(centre, radius, u, v, scale, camera)
        for centre, radius in ((start, start_radius), (end, end_radius))
    ]
    low = torch.minimum(boxes[0][0], boxes[1][0]).clamp(0, side_px)
    high = torch.maximum(boxes[0][1], boxes[1][1]).clamp(0, side_px)
    capsule, row, column = _pairs(low, high)
    frames, capsules = start_radius.shape
    frame = capsule // capsules
    ray_x = (u[frame] + scale[frame] * (column + 0.5) - camera.cx) / camera.fx
    ray_y = (camera.cy - v[frame] - scale[frame] * (row + 0.5)) / camera.fy
    depth = intersect(
        ray_x.to(start.dtype),
        ray_y.to(start.dtype),
        start.reshape(-1, 3)[capsule],
        end.reshape(-1, 3)[capsule],
        start_radius.reshape(-1)[capsule],
        end_radius.reshape(-1)[capsule],
    )
    pixel = (frame * side_px + row) * side_px + column
    nearest = depth.new_full((frames * side_px**2,), torch.inf)
    nearest.scatter_reduce_(0, pixel, depth, "amin")
    nearest.masked_fill_(nearest.isinf(), 0)
    return nearest.view(frames, side_px, side_px)


def intersect(
    ray_x: Float[Tensor, " rays"],
    ray_y: Float[Tensor, " rays"],
    start: Float[Tensor, "rays 3"],
    end: Float[Tensor, "rays 3"],
    start_radius: Float[Tensor, " rays"],
    end_radius: Float[Tensor, " rays"],
) -> Float[Tensor, " rays"]:
    """Depth at which each ray (x, y, 1) from the origin enters its capsule.

    Returns:
        Millimetres, above `NEAREST_MM`; infinity where the ray misses.
    """
    x, y, z = start.unbind(1)
    ax, ay, az = (end - start).unbind(1)
    from_x, from_y = ray_x * z - x, ray_y * z - y
    taper = start_radius - end_radius
    ray_ray = ray_x * ray_x + ray_y * ray_y + 1
    axis_axis = ax * ax + ay * ay + az * az
    axis_ray = ax * ray_x + ay * ray_y + az
    axis_start = ax * from_x + ay * from_y
    ray_start = ray_x * from_x + ray_y * from_y
    start_start = from_x * from_x + from_y * from_y
    slant = axis_axis - taper * taper
    k2 = slant * ray_ray - axis_ray * axis_ray
    k1 = slant * ray_start - axis_start * axis_ray + axis_ray * taper * start_radius
    k0 = (
        slant * start_start
        - axis_start * axis_start
        + 2 * axis_start * taper * start_radius
        - axis_axis * start_radius * start_radius
    )
    root = (k1 * k1 - k0 * k2).clamp(min=0).sqrt()
    # k2 < 0: the ray is steeper than the cone and still enters it; near k2 = 0
    # only one of the two forms of the solution has digits left.
    beyond = torch.where(k1 < 0, k0 / (root - k1), (-root - k1) / k2)
    along = axis_start - start_radius * taper + beyond * axis_ray
    hits = (k1 * k1 > k0 * k2) & (along > 0) & (along < slant)
    depth = z + beyond
    depth = torch.where(hits & (depth > NEAREST_MM), depth, torch.inf)
    for centre, radius in ((start, start_radius), (end, end_radius)):
        depth = torch.minimum(depth, _ball(ray_x, ray_y, ray_ray, centre, radius))
    return depth


def _ball(
    ray_x: Tensor, ray_y: Tensor, ray_ray: Tensor, centre: Tensor, radius: Tensor
) -> Tensor:
    """Depth at which each ray enters its ball; infinity where it misses."""
    x, y, z = centre.unbind(1)
    from_x, from_y = ray_x * z - x, ray_y * z - y
    along = -(ray_x * from_x + ray_y * from_y)
    away = from_x * from_x + from_y * from_y - radius * radius
    inside = along * along - ray_ray * away
    depth = z + (along - inside.clamp(min=0).sqrt()) / ray_ray
    return torch.where((inside > 0) & (depth > NEAREST_MM), depth, torch.inf)


def _boxes(
    centre: Points,
    radius: Radii,
    u: Tensor,
    v: Tensor,
    scale: Tensor,
    camera: Camera,
) -> tuple[Int[Tensor, "batch capsules 2"], Int[Tensor, "batch capsules 2"]]:
    """First and one past the last row and column that a ball can cover.

    The bounds of x/z over a ball are taken at its nearest depth, which is
    generous and never too small. A capsule that reaches behind the camera may
    appear anywhere.
    """
    near = (centre[..., 2] - radius).clamp(min=NEAREST_MM)
    far = centre[..., 2] + radius
    bounds = []
    for axis, focal, middle, first, sign in (
        (1, camera.fy, camera.cy, v, -1),
        (0, camera.fx, camera.cx, u, 1),
    ):
        x = sign * centre[..., axis]
        left, right = x - radius, x + radius
        low = torch.minimum(left / near, left / far)
        high = torch.maximum(right / near, right / far)
        to_px = [
            (focal * q + middle - first[:, None]) / scale[:, None] for q in (low, high)
        ]
        bounds.append(to_px)
    low_px = torch.stack([b[0] for b in bounds], -1).floor().long()
    high_px = torch.stack([b[1] for b in bounds], -1).ceil().long() + 1
    behind = (centre[..., 2] - radius < NEAREST_MM)[..., None]
    return low_px.masked_fill(behind, -FAR_PX), high_px.masked_fill(behind, FAR_PX)


def _pairs(
    low: Int[Tensor, "batch capsules 2"], high: Int[Tensor, "batch capsules 2"]
) -> tuple[Tensor, Tensor, Tensor]:
    """Every capsule with every pixel of its box: capsule, row and column."""
    size = (high - low).clamp(min=0).reshape(-1, 2)
    count = size.prod(1)
    capsule = torch.repeat_interleave(count)
    first = (count.cumsum(0) - count)[capsule]
    place = torch.arange(len(capsule), device=low.device) - first
    width = size[:, 1][capsule]
    row = torch.div(place, width, rounding_mode="floor")
    start = low.reshape(-1, 2)[capsule]
    return capsule, start[:, 0] + row, start[:, 1] + place - row * width
