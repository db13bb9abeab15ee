from pathlib import Path
import gzip
import hashlib
import numpy as np
from cnets.data.hand_data import HandData
from cnets.geometry import CAMERAS, CUBE_MM

def _quick(joints, centres, bones, side, cam, radius=9.0):
    n=len(joints); out=np.ones((n,side,side),np.float16)
    for k in range(n):
        c=centres[k]; half=CUBE_MM/2
        pts=[]
        for a,b in bones:
            for t in np.linspace(0,1,8):
                pts.append(joints[k,a]*(1-t)+joints[k,b]*t)
        pts=np.array(pts)-c
        depth=np.full((side,side),np.inf)
        px=(pts[:,0]/half+1)*side/2; py=(-pts[:,1]/half+1)*side/2; r=radius/half*side/2
        yy,xx=np.mgrid[:side,:side]+0.5
        d2=(xx[None]-px[:,None,None])**2+(yy[None]-py[:,None,None])**2
        z=pts[:,2,None,None]-np.sqrt(np.maximum(r*r-d2,0))*half*2/side
        z=np.where(d2<r*r,z,np.inf).min(0)
        f=np.isfinite(z)
        if f.any():
            lo,hi=z[f].min(),z[f].max()
            out[k][f]=(-1+2*(z[f]-lo)/max(hi+half+10,1)).clip(-1,1)
    return out

def open_data(spec, *, side_px, split=None, cache, progress=None):
    kind,_,rest=spec.partition(":")
    cam=CAMERAS["nyu"]
    if kind=="synthetic":
        n=int(rest or 4000); g=np.random.default_rng(0)
        z=g.normal(size=(n,8)); 
        base=np.zeros((21,3)); 
        for f in range(5):
            for j in range(4): base[1+4*f+j]=[(f-2)*20,30+25*j,0]
        joints=base+ (z@g.normal(size=(8,63))*8).reshape(n,21,3)
        joints[...,2]+=700
        bones=tuple((0 if j==0 else 4*f+j, 1+4*f+j) for f in range(5) for j in range(4)); root=0; ev=tuple(range(21))
        person=(np.arange(n)*20//n).astype(np.int32)
        sp=np.zeros(n,np.int8); sp[person>=14]=1; sp[person>=17]=2
    elif kind=="poses":
        d=Path(rest)
        if not d.is_dir(): raise ValueError(f"`data` must name a folder, got {rest!r}.")
        a=[np.loadtxt(gzip.open(d/"joints36"/f"joint_1_{k}.csv.gz"),delimiter=",") for k in "uvd"]
        u,v,w=a; joints=np.stack([(u-cam.cx)*w/cam.fx,(cam.cy-v)*w/cam.fy,w],-1); n=len(joints)
        bones=tuple((6*f+j,6*f+j+1) for f in range(5) for j in range(5))+tuple((6*f+5,32) for f in range(5))+((30,32),(31,32)); root=32
        ev=(0,3,6,9,12,15,18,21,24,25,27,30,31,32); person=(np.arange(n)>=2440).astype(np.int32)
        blk=np.arange(n)//300%7; sp=np.zeros(n,np.int8); sp[blk==5]=1; sp[blk==6]=2
        near=(np.arange(n)%300<50)&(np.roll(sp,50)!=sp); sp[near]=-1
    else: raise ValueError(f"`data` must be synthetic[:FRAMES] or poses:DIR, got {spec!r}.")
    centres=joints[:,root].copy() if kind=="poses" else joints.mean(1)
    fp=hashlib.sha256(joints.tobytes()+bytes([side_px])).hexdigest()
    path=Path(cache)/f"{fp}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True,exist_ok=True)
        tmp=path.with_name(f"x{np.random.default_rng().integers(1e9)}.npy")
        np.save(tmp,_quick(joints,centres,bones,side_px,cam)); tmp.rename(path)
    return HandData(name=spec,fingerprint=fp,joint_names=tuple(map(str,range(joints.shape[1]))),bones=bones,root=root,evaluated=ev,camera=cam,
        crops=np.load(path,mmap_mode="r"),joints_mm=joints.astype(np.float32),centres_mm=centres.astype(np.float32),person=person,split=sp)
