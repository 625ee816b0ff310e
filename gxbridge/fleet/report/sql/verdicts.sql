-- title: Verdicts by BMS and firmware
-- about: Who failed, by the black boxes. Recorded at a loss of a BMS, at error #67 or at an alarm, so a boat without trouble has none.
select bms_product, bms_firmware, verdict,
    count(*) as boxes, count(distinct (site, incident)) as incidents, count(distinct site) as boats
from incidents
group by all
order by boxes desc, bms_product, bms_firmware, verdict
