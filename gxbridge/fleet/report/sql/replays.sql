-- title: Black boxes by version
-- about: Whether this version decides the same at every look; `gxbridge fleet replay` shows what differs.
select version, replay, count(*) as boxes, count(distinct site) as boats
from box_files
group by all
order by version, replay
