<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\Plugin;

use Comeback\Loyalty\Model\Courier;
use Comeback\Loyalty\Model\Queue;
use Comeback\Loyalty\Plugin\DeliverAfterResponse;
use Magento\Authorization\Model\UserContextInterface;
use Magento\Framework\HTTP\PhpEnvironment\Response;
use PHPUnit\Framework\TestCase;
use Psr\Log\LoggerInterface;

/**
 * At once means after the answer, and only where this request changed something.
 */
class DeliverAfterResponseTest extends TestCase
{
    public function testARequestThatChangedNothingSendsNothing(): void
    {
        $courier = $this->createMock(Courier::class);
        $courier->expects(self::never())->method('deliverAtOnce');
        self::assertSame('sent', $this->after(false, $courier));
    }

    public function testARequestThatChangedSomethingTellsOfFiftyThingsAtMostForTwoSecondsAtMost(): void
    {
        $courier = $this->createMock(Courier::class);
        $courier->expects(self::once())->method('deliverAtOnce')->with(50, 2);
        self::assertSame('sent', $this->after(true, $courier));
    }

    public function testWhatAProgramWritesWaitsForCron(): void
    {
        $courier = $this->createMock(Courier::class);
        $courier->expects(self::never())->method('deliverAtOnce');
        self::assertSame('sent', $this->after(true, $courier, UserContextInterface::USER_TYPE_INTEGRATION));
    }

    public function testWhateverGoesWrongTheAnswerIsSent(): void
    {
        $courier = $this->createMock(Courier::class);
        $courier->method('deliverAtOnce')->willThrowException(new \Error('no database'));
        self::assertSame('sent', $this->after(true, $courier));
    }

    /**
     * @param bool $touched
     * @param Courier $courier
     * @param int|null $userType
     * @return string
     */
    private function after(bool $touched, Courier $courier, ?int $userType = null): string
    {
        $user = $this->createMock(UserContextInterface::class);
        $user->method('getUserType')->willReturn($userType);
        $queue = $this->createMock(Queue::class);
        $queue->method('isTouched')->willReturn($touched);
        $plugin = new DeliverAfterResponse($queue, $courier, $user, $this->createMock(LoggerInterface::class));
        return $plugin->afterSendResponse($this->createMock(Response::class), 'sent');
    }
}
