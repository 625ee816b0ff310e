-- title: Files that gave nothing
-- about: Damaged, empty, copies of another one (counted once), or neither a log nor a black box.
select site, file, path, status, problem, words, size
from (
    select site, file, path, status, problem, words, size from files where status <> 'ingested'
    union all
    select site, file, path, 'copy', 'the same as another', null, size from copies
)
order by status, problem, site, path, file
