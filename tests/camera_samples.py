"""What cameras write beside their clips, made up after the public descriptions of the formats."""

from __future__ import annotations

SONY = """<?xml version="1.0" encoding="UTF-8"?>
<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.20"
 lastUpdate="2024-05-01T12:00:00+02:00">
<TargetMaterial umidRef="060A2B340101010501010D431300000011223344556677889900AABBCCDDEEFF"/>
<Duration value="50"/>
<LtcChangeTable tcFps="25" halfStep="{half}">
<LtcChange frameCount="0" value="{ltc}" status="increment"/>
<LtcChange frameCount="49" value="24595909" status="end"/>
</LtcChangeTable>
<CreationDate value="2024-05-01T11:58:30+02:00"/>
<Title usAscii="Harbour" xml:lang="en"/>
<Description>Gulls over the harbour wall</Description>
<KlvPacketTable><KlvPacket key="0601" frameCount="0" lengthValue="00"/></KlvPacketTable>
<VideoFormat><VideoRecPort port="DIRECT"/>
<VideoFrame videoCodec="AVC_1920_1080_HP@L41" captureFps="{fps}" formatFps="{fps}"/>
<VideoLayout pixel="1920" numOfVerticalLine="1080" aspectRatio="16:9"/></VideoFormat>
<Device manufacturer="Sony" modelName="PXW-Z90" serialNo="0012345"/>
<Lens modelName="FE 24-105mm F4 G OSS"/>
<AcquisitionRecord>
<Group name="CameraUnitMetadataSet">
<Item name="CaptureGammaEquation" value="s-log3-cine"/>
<Item name="CaptureColorPrimaries" value="s-gamut3-cine"/></Group>
<Group name="ExifGPS"><Item name="LatitudeRef" value="N"/><Item name="Latitude" value="53:32:30.5"/>
<Item name="LongitudeRef" value="W"/><Item name="Longitude" value="9:58:0.0"/>
<Item name="AltitudeRef" value="1"/><Item name="Altitude" value="3.5"/>
<Item name="Status" value="{status}"/></Group>
</AcquisitionRecord>
</NonRealTimeMeta>
"""
P2 = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<{root} xmlns="urn:schemas-Professional-Plug-in:P2:ClipMetadata:v3.1"><ClipContent>
<ClipName>0001AB</ClipName><GlobalClipID>060A2B3401</GlobalClipID>
<Duration>100</Duration><EditUnit>1/50</EditUnit>
<Relation><OffsetInShot>0</OffsetInShot><GlobalShotID>060A2B3402</GlobalShotID>
<Connection><Next><ClipName>0002CD</ClipName><P2SerialNo.>BBBP0002</P2SerialNo.></Next></Connection>
</Relation>
<EssenceList><Video ValidAudioFlag="false"><VideoFormat>MXF</VideoFormat>
<Codec Class="100">AVC-I_1080/50p</Codec><FrameRate DropFrameFlag="{drop}">{rate}</FrameRate>
<StartTimecode>{timecode}</StartTimecode></Video>
<Audio><AudioFormat>MXF</AudioFormat><SamplingRate>48000</SamplingRate></Audio>
<Audio><AudioFormat>MXF</AudioFormat><SamplingRate>48000</SamplingRate></Audio></EssenceList>
</ClipContent><ClipMetadata><UserClipName>Market square</UserClipName>
<Access><Creator>M. Ito</Creator><CreationDate>2023-10-02T09:00:00+09:00</CreationDate></Access>
<Device><Manufacturer>Panasonic</Manufacturer><SerialNo.>G4TB00012</SerialNo.>
<ModelName>AG-HPX3100</ModelName></Device>
<Shoot><Shooter>A. Sato</Shooter><StartDate>2023-10-02T08:30:00+09:00</StartDate>
<Location><Altitude>40</Altitude><Longitude>E139.7</Longitude><Latitude>S35.5</Latitude>
<PlaceName>Tokyo</PlaceName></Location></Shoot>
<Scenario><ProgramName>News at nine</ProgramName>
<SceneNo.>12</SceneNo.><TakeNo.>3</TakeNo.></Scenario>
<MemoList><Memo MemoID="0"><Offset>10</Offset><Text>The mayor arrives</Text></Memo></MemoList>
</ClipMetadata></{root}>
"""
DJI_NEW = """{n}
00:00:0{n},000 --> 00:00:0{n},033
<font size="28">FrameCnt: {n}, DiffTime: 33ms
2023-05-10 14:13:3{n}.145
[iso : {iso}] [shutter : 1/1250.0] [fnum : 280] [ev : 0] [color_md : dlog_m] [focal_len : 240]
[latitude: 59.302335] [longitude: 18.203059] [rel_alt: {n}.300 abs_alt: 132.860] [ct : 5500] </font>

"""
DJI_OLD = """{n}
00:00:0{n},000 --> 00:00:0{n},900
HOME(149.0251,-20.2532) 2017.08.05 14:11:51
GPS(149.0251,-20.2533,16) BAROMETER:1.9
ISO:100 Shutter:60 EV: 0 Fnum:F2.2

"""
DJI_AIR = """{n}
00:00:0{n},000 --> 00:00:0{n},900
F/2.8, SS 206.14, ISO 150, EV 0, GPS (-0.1276, 51.5072, 18), D 24.26m, H 6.00m, H.S 4.23m/s

"""


def sony(ltc: str = "12304510", half: str = "false", fps: str = "25p", status: str = "A") -> str:
    return SONY.format(ltc=ltc, half=half, fps=fps, status=status)


def p2(root: str = "P2Main", rate: str = "25p", timecode: str = "10:00:00:12", drop="false") -> str:
    return P2.format(root=root, rate=rate, timecode=timecode, drop=drop)
